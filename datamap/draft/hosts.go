package draft

// Old systems call a column by the letters of its table and two or three more: `KUVOR` is the
// first name of a `KU`. cutWords are the words that such letters are left of, where they are
// left of no other that matters.
var cutWords = map[string]string{
	"sur": "surname", "gvn": "givenname", "for": "forename", "fst": "firstname", "lst": "lastname", "ttl": "salutation", "pcd": "postcode", "pcod": "postcode",
	"vor": "vorname", "vna": "vorname", "nna": "nachname", "anr": "anrede", "fkt": "funktion", "geh": "gehalt", "allg": "allergie", "alg": "allergie", "fam": "familienstand",
	"pre": "prenom", "pnm": "prenom", "cpo": "codepostal", "vil": "ville", "mel": "courriel", "lna": "birthplace", "nai": "naissance", "dna": "naissance", "civ": "civilite", "rso": "raisonsociale",
	"cog": "cognome", "ape": "apellido", "imi": "imie", "pes": "pesel", "eth": "ethnicity", "dsb": "disability", "alrg": "allergy", "smk": "smoker", "occ": "occupation", "ansp": "ansprechpartner", "anspr": "ansprechpartner",
}

// inFull is a name without what its table's columns begin with, its letters put in full.
func inFull(short []token, room int) []token {
	if len(short) != 1 || len(short[0].is) > 0 || short[0].text == "ttl" && room > 15 {
		return short
	}
	if word, ok := cutWords[short[0].text]; ok {
		return tokens(word)
	}
	return short
}
