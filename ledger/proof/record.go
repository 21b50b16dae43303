package proof

// ConsentRecord is the body of a consent event: the fields of ISO/IEC TS 27560:2023
// that are not in the event itself. Whoever records a consent fills it from the policy version that was shown.
type ConsentRecord struct {
	Notice       string           `json:"privacyNotice"` // where the words shown can be read again
	Language     string           `json:"language"`
	Shown        string           `json:"shown,omitempty"` // the words beside the choice
	Purposes     []ConsentPurpose `json:"purposes"`
	Controllers  []Party          `json:"piiControllers"`
	Recipients   []string         `json:"recipientThirdParties"`
	Jurisdiction string           `json:"jurisdiction"`
	Collection   string           `json:"collectionMethod,omitempty"`
	Storage      []string         `json:"storageLocations"`
	Withdrawal   string           `json:"withdrawalMethod"`
	Rights       string           `json:"privacyRights,omitempty"`
	State        string           `json:"eventState"` // given, unconfirmed, confirmed, withdrawn, refused
	Until        string           `json:"validityDuration"`
	By           string           `json:"entityId"` // who acted: the person, or who did on their behalf
}

// ConsentPurpose is one purpose of a consent.
type ConsentPurpose struct {
	Purpose   string   `json:"purpose"`
	Title     string   `json:"title,omitempty"`
	Basis     string   `json:"lawfulBasis"`
	Data      []string `json:"piiInformation"`
	Retention string   `json:"retentionPeriod"`
}

// Party is somebody named in a record.
type Party struct {
	ID      string `json:"partyId"`
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
	Contact string `json:"contact"`
	Type    string `json:"type"`
}
