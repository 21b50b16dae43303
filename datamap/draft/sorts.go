package draft

// Sort is what a column says of somebody.
type Sort string

// The sorts.
const (
	Email       Sort = "email"
	Phone       Sort = "phone"
	Name        Sort = "name"
	Login       Sort = "user name"
	Street      Sort = "address"
	City        Sort = "city"
	Zip         Sort = "postal code"
	State       Sort = "region"
	Country     Sort = "country"
	Place       Sort = "location"
	Birth       Sort = "birth"
	Gender      Sort = "gender"
	Marital     Sort = "marital status"
	Nationality Sort = "nationality"
	Belief      Sort = "belief or origin"
	Government  Sort = "national number"
	Bank        Sort = "bank account"
	Card        Sort = "payment card"
	IP          Sort = "ip address"
	Agent       Sort = "user agent"
	Device      Sort = "device"
	Session     Sort = "session"
	Secret      Sort = "credentials"
	Photo       Sort = "photo"
	Signature   Sort = "signature"
	Voice       Sort = "voice"
	Text        Sort = "free text"
	Health      Sort = "health"
	Job         Sort = "work"
	Pay         Sort = "pay"
	Hire        Sort = "employment dates"
	School      Sort = "education"
	Number      Sort = "account number"
	Company     Sort = "company"
	Activity    Sort = "activity"
	Plate       Sort = "vehicle"
	Network     Sort = "social network"
	Age         Sort = "age"
	Language    Sort = "language"
	Trait       Sort = "something about a person"
	Mixed       Sort = "personal data inside"
)

// wider is the sort whose data a policy is likely to have when it has none for this one.
var wider = map[Sort][]Sort{
	Login: {Number, Email}, Street: {City}, City: {Street}, Zip: {Street}, State: {Street}, Country: {Street},
	Place: {Street}, Gender: {Name}, Agent: {Device, Activity, IP}, Device: {Agent, Activity, IP}, Session: {Device, Activity, IP},
	IP: {Device, Activity}, Company: {Job, Name}, Network: {Login, Email}, Activity: {Device}, Age: {Birth}, Photo: {Name},
	Marital: {Name}, Nationality: {Name}, Birth: {Age}, Hire: {Job}, Pay: {Job}, Job: {Company}, Number: {Login}, Mixed: {Text}, Trait: {Job, Text},
	Language: {Street}, Card: {Bank}, Bank: {Card}, Secret: {Login, Number},
}

// addressing are the sorts that are an address together.
func addressing(s Sort) bool {
	return s == Street || s == City || s == Zip || s == State || s == Country
}
