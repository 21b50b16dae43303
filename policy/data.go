package policy

// Category is a category of personal data.
type Category struct {
	Pos
	// What people read above this data.
	Title Text `key:"title,required"`
	// What it is, said to the reader.
	Says Text `key:"says"`
	// The single pieces of data, by name.
	Fields Refs `key:"fields"`
	// The fields that say who somebody is.
	Identifies Refs `key:"identifies"`
	// The fields that may, together with others; they never find a person.
	MayIdentify Refs `key:"may-identify"`
	// `somebody-else`: about another person than the giver.
	About string `key:"about" enum:"you|somebody-else"`
	// The category this one is a part of: a purpose that uses that one uses this too.
	PartOf Ref `key:"part-of"`
	// Special categories (gdpr:9): the field and which one it is. `all: health` for the whole category.
	Special Entries[string] `key:"special"`
	// Fields about convictions and offences (gdpr:10).
	Criminal Refs `key:"criminal"`
	// Fields that are asked for or seen, and never kept.
	NeverKept Refs `key:"never-kept"`
	// How a field is kept: `hash`, `shortened`, `encrypted`, `pseudonym`.
	KeptAs Entries[string] `key:"kept-as"`
	// What stays out of our hands.
	Elsewhere Text `key:"elsewhere"`
	// `no`: we cannot read it (end-to-end encryption).
	ReadableByUs Flag `key:"readable-by-us"`
	// Only ever in groups, never about one person.
	Aggregate Flag `key:"aggregate"`
	// What the person publishes; out of the private profile.
	Public Flag `key:"public"`
	// The name this category had in earlier versions.
	Formerly Refs `key:"formerly"`
}

// Sources are where data comes from.
type Sources struct {
	Pos
	// Who collects, when it is not only the organisation itself.
	CollectedBy Words           `key:"collected-by"`
	Each        Entries[Source] `key:",rest"`
}

// Source is one origin.
type Source struct {
	Pos
	// What people read of where the data comes from.
	Title Text `key:"title,required"`
	// How the data comes from it.
	Ways Words `key:"ways"`
	// The data it yields.
	Yields DataRefs `key:"yields"`
	// The source this one is a part of.
	PartOf Ref `key:"part-of"`
	// The data is bought.
	Bought Flag `key:"bought"`
	// Collected without anybody typing.
	Automatic Flag `key:"automatic"`
	// When the person is told, of data that did not come from them (gdpr:14(3)).
	TellThePerson Period `key:"tell-the-person"`
	// What it is obtained for.
	To Words `key:"to"`
}

// Combine says which data may be brought together (E03).
type Combine struct {
	Pos
	// `all-sources`.
	All bool
	// Category → `with third-parties`: data of the category with that source's.
	With Entries[CombineWith]
}

// CombineWith is the other side of a combination: a source or a category.
type CombineWith struct {
	Pos
	With Refs
}

// Enrichment is learning something from data already held.
type Enrichment struct {
	Pos
	// The data it is learned from.
	From DataRefs `key:"from,required"`
	// What it is compared with.
	With Words `key:"with"`
	// The data or insight that comes out.
	Learns Words `key:"learns"`
	// Who may be identified by it.
	Identifies string `key:"identifies" enum:"organisation|person|nobody"`
	// What it identifies at times.
	Sometimes string `key:"sometimes" enum:"organisation|person"`
	// Whom or what the insight is about.
	About Words `key:"about"`
	// The purposes it serves.
	For Refs `key:"for,required"`
}
