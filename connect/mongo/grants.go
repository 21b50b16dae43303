package mongo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// rights are what the login may do, as connectionStatus says. A server without access control,
// and FerretDB, say nothing: everything is allowed until a command is refused.
type rights struct {
	told       bool
	privileges []privilege
}

type privilege struct {
	Resource struct {
		DB          *string `bson:"db"`
		Collection  *string `bson:"collection"`
		AnyResource bool    `bson:"anyResource"`
	} `bson:"resource"`
	Actions []string `bson:"actions"`
}

func (s *source) rights(ctx context.Context) (rights, error) {
	var status struct {
		AuthInfo struct {
			Users      []bson.D     `bson:"authenticatedUsers"`
			Privileges *[]privilege `bson:"authenticatedUserPrivileges"`
		} `bson:"authInfo"`
	}
	err := s.answer(ctx, "", func(ctx context.Context) error {
		return s.db.RunCommand(ctx, bson.D{{Key: "connectionStatus", Value: 1}, {Key: "showPrivileges", Value: true}}).Decode(&status)
	})
	info := status.AuthInfo
	if err != nil || len(info.Users) == 0 || info.Privileges == nil {
		return rights{}, err
	}
	return rights{told: true, privileges: *info.Privileges}, nil
}

// actions are MongoDB's words for what is done with a collection.
var actions = map[connect.Op]string{connect.OpRead: "find", connect.OpUpdate: "update", connect.OpDelete: "remove"}

func (s *source) lacks(collection string, r rights) map[connect.Op]string {
	out := map[connect.Op]string{}
	for op, action := range actions {
		if r.told && !r.allow(s.db.Name(), collection, action) {
			out[op] = s.grant(collection, action)
		}
	}
	return out
}

// allow reports whether a privilege covers an action. An empty name covers all.
func (r rights) allow(db, collection, action string) bool {
	covers := func(name *string, want string) bool { return name != nil && (*name == "" || *name == want) }
	return slices.ContainsFunc(r.privileges, func(p privilege) bool {
		there := p.Resource.AnyResource || covers(p.Resource.DB, db) && covers(p.Resource.Collection, collection)
		return there && slices.Contains(p.Actions, action)
	})
}

// grant is the privilege that a role of the login needs.
func (s *source) grant(collection string, actions ...string) string {
	for i, a := range actions {
		actions[i] = fmt.Sprintf("%q", a)
	}
	return fmt.Sprintf("it needs a role with the privilege {resource: {db: %q, collection: %q}, actions: [%s]} (db.grantPrivilegesToRole)",
		s.db.Name(), strings.TrimPrefix(collection, s.db.Name()+"."), strings.Join(actions, ", "))
}
