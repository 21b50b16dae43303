package saastest

// HubSpotTables is what the file of a system says below `kind: http` and `at: hubspot`: contacts
// are people, who share deals. Erasing deletes a contact and clears a deal.
const HubSpotTables = `tables:
  contacts:
    key: id
    identities: {email: email}
    relation: owns
    erase: delete
    columns: {email: contact.email, firstname: contact.name}
    retention: {contact: createdate}
  deals:
    key: id
    relation: {contact-deals.deal: shares}
    of: everyone
    erase: clear
    columns: {dealname: messages.text}
    retention: {messages: closedate}
  contact-deals:
    key: [contact, deal]
    references:
      person: {columns: contact, to: contacts.id}
      deal: {columns: deal, to: deals.id}
    relation: {person: owns}
    erase: delete
`

// SalesforceTables is the same for `at: salesforce`: contacts are people, and what is to be
// done for them is theirs.
const SalesforceTables = `tables:
  Contact:
    key: Id
    identities: {Email: email}
    relation: owns
    erase: delete
    columns: {Email: contact.email, LastName: contact.name}
    retention: {contact: CreatedDate}
  Task:
    key: Id
    references: {who: {columns: WhoId, to: Contact.Id}}
    relation: {who: owns}
    erase: clear
    columns: {Description: messages.text}
    retention: {messages: ActivityDate}
`
