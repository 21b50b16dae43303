package draft

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// generator makes values, the same on every run.
type generator struct {
	rand *rand.Rand
	keys map[string][]any
	row  int
	lang string
	who  map[string]string // of the row: its names agree with its address
}

type vocabulary struct{ given, family, cities, streets, regions, countries []string }

func listed(s string) []string { return strings.Split(s, ",") }

var vocabularies = map[string]vocabulary{
	"en": {listed("Olivia,Rhys,Amelia,Tamsin,Noah,Imogen,Keanu,Priscilla,Dorian,Beulah,Clyde,Sherry,Darnell,Tiffany,Brent,Shelby,Wendell,Latoya,George,Emma,Jack,Sophie,Harriet,Oscar,Poppy,Edith,Marcus,Deborah,Gary,Lorraine,Duncan,Fiona,Ewan,Maisie,Reginald,Bethany,Curtis,Yolanda,Spencer,Thomas,Sarah,Kelly,Mark,Laura,Peter"),
		listed("Okafor,Whitfield,Brannigan,Thompson,Ashworth,Pemberton,Hale,Castellano,Birdsong,Lockwood,Fairchild,Odom,Vance,McKenzie,Harrington,Smith,Jones,Patel,Sutherland,Oakley,Trent,Holloway,Bright,Nakamura,Ferris,Quinlan,Abbott,Drummond,Sterling,Wilkes,O'Hara,Mahoney,Dalton,Frost,Wright"),
		listed("Leeds,Boston,Portland,Swansea,Dover,Cambridge,Aurora,Denver,Norwich,Reading,Salem,Perth,Oxford,Dundee,Truro"),
		listed("High Street,Mill Lane,Station Road,Maple Avenue,Church Street,Elm Drive,King Road,Oak Court"), listed("Kent,Oregon,Texas,Devon,Ohio,Surrey"), listed("United Kingdom,United States,Ireland,Canada")},
	"de": {listed("Wiebke,Lothar,Annegret,Detlef,Jörg,Ulrike,Heiko,Swantje,Rüdiger,Gisela,Anke,Torben,Sabine,Matthias,Birte,Hannelore,Egon,Waltraud,Jannik,Lukas,Frauke,Ingeborg,Marlies,Bastian,Thomas,Petra,Klaus,Monika,Henning,Svenja"),
		listed("Brockmann,Thiessen,Kleinschmidt,Ostermann,Lüders,Petersen,Krämer,Schwarzkopf,Baumgartner,Huber,Reichelt,Vogelsang,Müller,Schmidt,Weber,Fischer,Hinrichs,Lindemann,Böhm,Stolz,Wiegand,Rademacher"),
		listed("Hamburg,München,Köln,Bremen,Kiel,Leipzig,Essen,Ulm,Husum,Gießen,Trier"), listed("Hauptstraße,Gartenweg,Bahnhofstr.,Lindenallee,Am Markt,Schillerplatz,Ringstraße"), listed("Bayern,Hessen,Sachsen,Bremen"), listed("Deutschland,Österreich,Schweiz")},
	"fr": {listed("Maëlle,Thibault,Solène,Gaëtan,Aurore,Bastien,Margaux,Loïc,Océane,Rémi,Capucine,Jérôme,Camille,Éloïse,Baptiste,Julien,Anaïs,Nathalie,Didier,Ghislaine,Pierre,Sylvie,Corentin,Léa"),
		listed("Delacroix,Beaumont,Fontaine,Charpentier,Leclercq,Barbier,Marchal,Poulain,Vasseur,Renault,Guichard,Tessier,Martin,Dubois,Moreau,Jacquet,Perrot,Carlier,Bouvier,Hamon"),
		listed("Lyon,Nantes,Rennes,Lille,Dijon,Brest,Pau,Metz,Nice,Reims"), listed("rue Victor Hugo,avenue de la République,impasse des Lilas,boulevard Voltaire,chemin du Moulin"), listed("Bretagne,Normandie,Occitanie"), listed("France,Belgique,Suisse")},
	"es": {listed("Iker,Nuria,Rocío,Gonzalo,Begoña,Álvaro,Inmaculada,Pilar,Joaquín,Lucía,Marta,Hugo,Ainhoa,Sergio,Consuelo,Esteban,Paloma,Ramiro,Carmen,Andrés,Leire,Vicente"),
		listed("Quintana,Zamora,Iglesias,Cabrera,Peña,Echeverría,Vega,Salazar,Montero,García,Fernández,López,Santana,Bravo,Rubio,Crespo,Aguilar,Carrasco"),
		listed("Sevilla,Bilbao,Murcia,Gijón,Toledo,Lugo,Cádiz,Jaén"), listed("Calle Mayor,Avenida del Sol,Plaza de España,Paseo Marítimo,Calle Alcalá"), listed("Asturias,Galicia,Aragón"), listed("España,México,Chile")},
}

func (g *generator) pick(list []string) string { return list[g.rand.IntN(len(list))] }

func (g *generator) digits(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(byte('0' + g.rand.IntN(10)))
	}
	return b.String()
}

func (g *generator) start(row int, lang string) {
	g.row, g.lang = row, lang
	v := vocabularies[lang]
	first, last := g.pick(v.given), g.pick(v.family)
	host := g.pick(listed("gmail.com,web.de,orange.fr,outlook.com,mail.example,firma.example"))
	g.who = map[string]string{"first": first, "last": last, "full": first + " " + last, "email": fold(first) + "." + strings.ReplaceAll(fold(last), "'", "") + g.digits(2) + "@" + host, "login": fold(first[:1]) + fold(last) + g.digits(1)}
}

// value makes one value of a column.
func (g *generator) value(c corpusColumn) any {
	if c.values == "ref" {
		keys := g.keys[c.target]
		if len(keys) == 0 {
			return nil // of the same table, or of one that comes later
		}
		return keys[g.rand.IntN(len(keys))]
	}
	how, what, _ := strings.Cut(c.values, ":")
	if how == "bytes" {
		return []byte(fmt.Sprint(g.make(what, "", c)))
	}
	return g.make(how, what, c)
}

func (g *generator) make(how, what string, c corpusColumn) any {
	if text, ok := g.who[how]; ok {
		return text
	}
	switch how {
	case "seq":
		if c.kind == "uuid" {
			return g.uuid()
		}
		return int64(g.row + 1)
	case "pick":
		return g.pick(strings.Split(what, "|"))
	case "code":
		return fmt.Sprintf("%s%04d", what, g.row*7+13)
	case "int":
		var low, high int
		fmt.Sscanf(what, "%d:%d", &low, &high)
		return int64(low + g.rand.IntN(high-low+1))
	case "dec":
		var low, high int
		fmt.Sscanf(what, "%d:%d", &low, &high)
		return float64(low) + float64(g.rand.IntN((high-low)*100))/100
	case "bool":
		return g.rand.IntN(2) == 0
	case "now", "soon", "birth", "past":
		return g.date(how, c.kind)
	case "hex":
		return fmt.Sprintf("%016x%016x", g.rand.Uint64(), g.rand.Uint64())
	case "lat":
		return float64(g.rand.IntN(900000))/10000 - 45
	case "lon":
		return float64(g.rand.IntN(3600000))/10000 - 180
	case "image":
		return append([]byte("\x89PNG\r\n\x1a\n"), []byte(g.digits(40))...)
	case "random":
		b := make([]byte, 20)
		for i := range b {
			b[i] = byte(128 + g.rand.IntN(128))
		}
		return b
	}
	return g.text(how)
}

func (g *generator) date(how, kind string) any {
	base := time.Date(2024, 1, 1, 9, 30, 0, 0, time.UTC).AddDate(0, 0, g.rand.IntN(700))
	switch how {
	case "birth":
		base = time.Date(1940+g.rand.IntN(65), time.Month(1+g.rand.IntN(12)), 1+g.rand.IntN(28), 0, 0, 0, 0, time.UTC)
	case "past":
		base = time.Date(1998+g.rand.IntN(25), time.Month(1+g.rand.IntN(12)), 1+g.rand.IntN(28), 0, 0, 0, 0, time.UTC)
	}
	switch {
	case kind == "timestamp":
		return base.Add(time.Duration(g.rand.IntN(30000)) * time.Second).Format("2006-01-02 15:04:05")
	case strings.HasPrefix(kind, "varchar"):
		return base.Format("02.01.2006")
	}
	return base.Format("2006-01-02")
}

func (g *generator) uuid() string {
	h := fmt.Sprintf("%016x%016x", g.rand.Uint64(), g.rand.Uint64())
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

func (g *generator) text(how string) any {
	v := vocabularies[g.lang]
	switch how {
	case "phone":
		return map[string]string{"de": "+49 " + g.pick(listed("40,89,170,151")) + " " + g.digits(7), "fr": "0" + g.pick(listed("1,6,7")) + " " + g.digits(2) + " " + g.digits(2) + " " + g.digits(2) + " " + g.digits(2),
			"es": "6" + g.digits(2) + " " + g.digits(3) + " " + g.digits(3), "en": "(" + "2" + g.digits(2) + ") 555-" + g.digits(4)}[g.lang]
	case "street":
		street, n := g.pick(v.streets), fmt.Sprint(1+g.rand.IntN(180))
		if g.lang == "en" || g.lang == "fr" {
			return n + " " + street
		}
		return street + " " + n
	case "city":
		return g.pick(v.cities)
	case "region":
		return g.pick(v.regions)
	case "country":
		return g.pick(v.countries)
	case "cc":
		return string(rune('A'+g.row%26)) + string(rune('A'+(g.row/26+3)%26))
	case "zip":
		return g.digits(5)
	case "ip":
		return fmt.Sprintf("%d.%d.%d.%d", 1+g.rand.IntN(220), g.rand.IntN(255), g.rand.IntN(255), 1+g.rand.IntN(250))
	case "ua":
		return "Mozilla/5.0 (" + g.pick(listed("X11; Linux x86_64,Windows NT 10.0; Win64; x64,iPhone; CPU iPhone OS 17_1 like Mac OS X")) + ") AppleWebKit/" + g.digits(3)
	case "url":
		return "https://cdn.example/" + g.digits(8) + ".png"
	case "path":
		return "/shop/" + g.pick(listed("cart,item,list,home")) + "/" + g.digits(3)
	case "version":
		return fmt.Sprintf("%d.%d.%d", g.rand.IntN(9), g.rand.IntN(20), g.rand.IntN(90))
	case "product":
		return g.pick(listed("Blue,Solid,Classic,Small,Smart,Deluxe,Basic,Prime")) + " " + g.pick(listed("Table,Lamp,Chair,Shelf,Kettle,Basket,Carpet,Mirror,Clock")) + g.pick([]string{"", " Set", " XL", ""})
	case "company":
		return g.pick(v.family) + " " + g.pick(listed("GmbH,Ltd,Logistics,Foods,Systems,Trading")) + " " + g.pick([]string{"", "Group", "International"})
	case "lorem":
		return g.words(8 + g.rand.IntN(20))
	case "note":
		return g.pick(listed("Called back,Wants a refund,Bitte zurückrufen,Pas de porc,Alergia al polen,Has a bad knee")) + " " + g.words(4+g.rand.IntN(8))
	case "logline":
		if g.rand.IntN(4) == 0 {
			return "login failed for " + g.who["email"] + " from 10.0.0." + g.digits(1)
		}
		return "request " + g.digits(6) + " took " + g.digits(3) + " ms in module " + g.words(2)
	}
	return g.number(how)
}

func (g *generator) words(n int) string {
	var out []string
	for range n {
		out = append(out, g.pick(listed("lorem,ipsum,dolor,sit,amet,the,with,comes,from,material,quality,finish,under,light,every,season,soft,hard,made")))
	}
	return strings.Join(out, " ")
}

// number makes numbers with the check digits they have in real life.
func (g *generator) number(how string) any {
	switch how {
	case "card":
		return g.until(isCard, func() string { return "4" + g.digits(15) })
	case "iban":
		return g.iban()
	case "numdigits":
		return g.digits(9)
	case "ssn":
		return "4" + g.digits(2) + "-" + g.digits(2) + "-" + g.digits(4)
	case "bsn":
		return g.until(isDutchNumber, func() string { return "1" + g.digits(8) })
	case "cf":
		return "RSS" + "MRA" + g.digits(2) + g.pick(listed("A,C,L")) + "1" + g.digits(1) + "H" + g.digits(3) + "Z"
	case "msisdn":
		return "447" + g.digits(9)
	case "imsi":
		return "23410" + g.digits(10)
	case "imei":
		return "35" + g.digits(13)
	case "mac":
		return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", g.rand.IntN(256), g.rand.IntN(256), g.rand.IntN(256), g.rand.IntN(256), g.rand.IntN(256), g.rand.IntN(256))
	case "isbn":
		return fmt.Sprintf("978-%d-%05d-%03d-%d", g.rand.IntN(9), g.row, 100+g.rand.IntN(800), g.rand.IntN(10))
	case "uuidtext":
		return g.uuid()
	case "streetname":
		return g.pick(vocabularies[g.lang].streets)
	case "jsontrack":
		return asJSON([]any{map[string]any{"lat": 52.1234 + float64(g.rand.IntN(900))/1000, "lng": 13.4321, "t": g.row}})
	case "dni":
		return g.until(isSpanishNumber, func() string { return g.digits(8) + string(rune('A'+g.rand.IntN(26))) })
	case "nir":
		return g.until(isFrenchNumber, func() string { return "1" + g.digits(14) })
	case "taxde":
		return g.until(isGermanTax, func() string { return "5" + g.digits(10) })
	case "svde":
		return g.digits(2) + "1" + g.digits(1) + "0" + "7" + g.digits(2) + "M" + g.digits(3)
	case "blobline":
		return "Zm9v" + g.words(1) + g.digits(30)
	case "plate":
		return g.pick(listed("HH,B,M,KI")) + "-" + g.pick(listed("AB,XY,TZ")) + " " + g.digits(3)
	case "icd":
		return string(rune('A'+g.rand.IntN(19))) + g.digits(2) + "." + g.digits(1)
	case "blood":
		return g.pick(listed("A+,A-,B+,0+,AB-,0-"))
	case "eavkey":
		return [...]string{"email", "full_name", "colour_scheme", "phone", "newsletter", "birthday"}[g.row%6]
	case "eavvalue":
		return [...]any{g.who["email"], g.who["full"], g.pick(listed("dark,light")), g.text("phone"), g.pick(listed("yes,no")), g.date("birth", "date")}[g.row%6]
	case "jsonuser":
		return asJSON(map[string]any{"source": g.pick(listed("web,app")), "user": map[string]any{"email": g.who["email"], "name": g.who["full"]}, "ms": g.rand.IntN(900)})
	case "jsonproduct":
		return asJSON(map[string]any{"colour": g.pick(listed("red,blue")), "tags": []string{"new", "sale"}, "weight": g.rand.IntN(90), "title": g.words(3)})
	}
	panic("no values are called " + how)
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (g *generator) until(ok func(string) bool, try func() string) string {
	for {
		if s := try(); ok(s) {
			return s
		}
	}
}

func (g *generator) iban() string {
	body := "DE00" + g.digits(18)
	for i := range 100 {
		if s := fmt.Sprintf("DE%02d%s", i, body[4:]); isIBAN(s) {
			return s
		}
	}
	return body
}
