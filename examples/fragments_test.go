package examples_test

import "testing"

// What real policies say besides the two that are modelled whole. Each must stand
// in fragments/policy.yaml.
var constructs = []string{
	"title.en", "title.de",
	"data.application.special.disability = health",
	"data.application.criminal.* = convictions",
	"data.card.never-kept.* = number",
	"data.address-book.kept-as.phone = hash",
	"data.address-book.elsewhere",
	"data.messages.readable-by-us = no",
	"data.web-log.kept-as.ip = shortened",
	"purpose-groups.work.purposes.hire.for-special.basis.individual.* = gdpr:9(2)(b)",
	"purpose-groups.work.purposes.hire.for-criminal.basis.individual.* = gdpr:10",
	"purpose-groups.running.purposes.cookies-needed.basis.individual.* = ttdsg:25(2)2",
	"purpose-groups.running.purposes.logs.to-collect.basis.individual.* = contract",
	"purpose-groups.running.purposes.logs.to-keep.basis.individual.* = legitimate-interests",
	"purpose-groups.account.purposes.verify-id.basis.individual.* = contract if service-needs-it",
	"purpose-groups.account.purposes.verify-id.starts",
	"purpose-groups.account.purposes.risk-check.decides.alone = maybe",
	"purpose-groups.account.purposes.risk-check.decides.human-review",
	"purpose-groups.account.purposes.risk-check.basis.individual.* = not-stated",
	"purpose-groups.running.purposes.auth-log.off-until",
	"purpose-groups.running.purposes.auth-log.until",
	"purpose-groups.marketing.purposes.offer-group.object-by.*",
	"consents.newsletter.confirm = by reply mail",
	"consents.chatbot.requires",
	"consents.promo.given-by",
	"recipients.assistant.safeguard",
	"recipients.assistant.uses.*",
	"recipients.desk.safeguard = adequacy standard-clauses certification",
	"recipients.desk.in = EU US GB",
	"recipients.mailer.safeguard = adequacy standard-clauses gdpr:49",
	"recipients.collector.when",
	"recipients.collector.own-policy = yes",
	"recipients.identity.keeps = 2 months after collection",
	"recipients.schemes.group",
	"recipients.schemes.depends-on",
	"recipients.other-users.role = other-users",
	"recipients.other-users.if-you-set",
	"recipients.crm.about.*",
	"retention.application.until.talent pool.earliest",
	"retention.application.until.hired.moves-to = employee-file",
	"retention.account.until.never verified = 14 days after failure",
	"retention.contact.until.latest",
	"retention.abuse.until.breach of terms = for ever",
	"retention.abuse.until.otherwise = not-stated",
	"retention.usage.then = anonymise",
	"retention.web-log.until = 72 hours after collection",
	"retention.messages.leaves.*",
	"defaults.in = EU",
	"defaults.recipients = none",
	"provision.duty = none",
	"provision.if-not-given",
	"languages.prevails = en",
	"extends.* = account-policy",
	"changes.from",
	"disclosures.binding-order.never-otherwise = yes",
	"disclosures.binding-order.challenged",
	"children.consent-by = parent",
	"collect.open-account.from-age",
	"never.use-for.* = promo",
	"never.transfer-outside.* = US",
}

func TestFragmentsHoldEveryConstruct(t *testing.T) {
	doc := document(t, "fragments/policy.yaml")
	for _, path := range constructs {
		if len(resolve(doc, path)) == 0 {
			t.Errorf("%s: nothing is there", path)
		}
	}
}

// In one file a basis by condition of the law is written in words and by keys.
func TestBasisWhereTheLawAsks(t *testing.T) {
	doc := document(t, "fragments/policy.yaml")
	for _, name := range []string{"usage", "crashes"} {
		for _, f := range resolve(doc, "purpose-groups.running.purposes."+name) {
			got := f.part.FieldByName("Basis").FieldByName("Individual")
			if got.Len() != 2 || !got.Index(0).FieldByName("WhereLawAsks").Bool() || !got.Index(1).FieldByName("Otherwise").Bool() {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}
