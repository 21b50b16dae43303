package datamap

import (
	"strings"

	"github.com/avowhq/avow/policy"
)

// The format, in its own words.
type (
	fidesRoot struct {
		policy.Pos
		Dataset []fidesDataset `key:"dataset,required"`
	}
	fidesDataset struct {
		policy.Pos
		Key          Word              `key:"fides_key,required"`
		Name         described         `key:"name"`
		Description  ignored           `key:"description"`
		Organization ignored           `key:"organization_fides_key"`
		Tags         ignored           `key:"tags"`
		Qualifier    ignored           `key:"data_qualifier"`
		Retention    ignored           `key:"retention"`
		Purposes     ignored           `key:"data_purposes"`
		OtherMeta    ignored           `key:"meta"`
		Categories   []Word            `key:"data_categories"`
		Meta         fidesDatasetMeta  `key:"fides_meta"`
		OldMeta      fidesDatasetMeta  `key:"fidesops_meta"`
		Collections  []fidesCollection `key:"collections,required"`
	}
	fidesDatasetMeta struct {
		policy.Pos
		After      []Word         `key:"after"`
		Namespace  fidesNamespace `key:"namespace"`
		ResourceID ignored        `key:"resource_id"`
		Redact     ignored        `key:"redact"`
	}
	fidesNamespace struct {
		policy.Pos
		Database ignored `key:"database_name"`
		Schema   Word    `key:"schema"`
	}
	fidesCollection struct {
		policy.Pos
		Name        Word                `key:"name,required"`
		Description described           `key:"description"`
		Qualifier   ignored             `key:"data_qualifier"`
		Retention   ignored             `key:"retention"`
		Purposes    ignored             `key:"data_purposes"`
		Categories  []Word              `key:"data_categories"`
		Meta        fidesCollectionMeta `key:"fides_meta"`
		OldMeta     fidesCollectionMeta `key:"fidesops_meta"`
		Fields      []fidesField        `key:"fields,required"`
	}
	fidesCollectionMeta struct {
		policy.Pos
		After        ignored       `key:"after"`
		EraseAfter   ignored       `key:"erase_after"`
		Skip         ignored       `key:"skip_processing"`
		Partitioning ignored       `key:"partitioning"`
		Redact       ignored       `key:"redact"`
		Masking      fidesStrategy `key:"masking_strategy_override"`
	}
	fidesField struct {
		policy.Pos
		Name        Word           `key:"name,required"`
		Description ignored        `key:"description"`
		Qualifier   ignored        `key:"data_qualifier"`
		Retention   ignored        `key:"retention"`
		Purposes    ignored        `key:"data_purposes"`
		Categories  []Word         `key:"data_categories"`
		Meta        fidesFieldMeta `key:"fides_meta"`
		OldMeta     fidesFieldMeta `key:"fidesops_meta"`
		Fields      []fidesField   `key:"fields"`
	}
	fidesFieldMeta struct {
		policy.Pos
		Identity    Word             `key:"identity"`
		PrimaryKey  yesNo            `key:"primary_key"`
		References  []fidesReference `key:"references"`
		DataType    Word             `key:"data_type"`
		Length      policy.Number    `key:"length"`
		ReadOnly    yesNo            `key:"read_only"`
		AllElements yesNo            `key:"return_all_elements"`
		Custom      ignored          `key:"custom_request_field"`
		Redact      ignored          `key:"redact"`
		Masking     fidesStrategy    `key:"masking_strategy_override"`
	}
	fidesReference struct {
		policy.Pos
		Dataset   Word `key:"dataset,required"`
		Field     Word `key:"field,required"`
		Direction Word `key:"direction"`
	}
	fidesStrategy struct {
		policy.Pos
		Strategy Word               `key:"strategy,required"`
		With     fidesConfiguration `key:"configuration"`
	}
	fidesConfiguration struct {
		policy.Pos
		Value     Word    `key:"rewrite_value"`
		Length    ignored `key:"length"`
		Algorithm ignored `key:"algorithm"`
		Mode      ignored `key:"mode"`
		Format    ignored `key:"format_preservation"`
	}
)

// ignored is a value that the map has no place for.
type ignored struct {
	policy.Pos
}

// ReadPart notes that something was written.
func (i *ignored) ReadPart(p policy.Part) { i.Pos = p.Pos }

// yesNo is a boolean in any of the spellings YAML once had.
type yesNo struct {
	policy.Pos
	Yes bool
}

// ReadPart reads a boolean.
func (y *yesNo) ReadPart(p policy.Part) {
	y.Pos = p.Pos
	text, ok := p.Text("`true` or `false`")
	switch strings.ToLower(text) {
	case "true", "yes", "on":
		y.Yes = true
	case "false", "no", "off":
	default:
		if ok {
			p.Report("bad-flag", policy.Quote(text)+" is neither true nor false", text, "")
		}
	}
}

// described is a text for people, on one line.
type described string

// ReadPart reads a text of any length; an empty one is none.
func (d *described) ReadPart(p policy.Part) {
	if !p.IsText() {
		p.Text("a text")
		return
	}
	var text policy.Text
	p.Value(&text)
	*d = described(strings.Join(strings.Fields(text.Plain), " "))
}
