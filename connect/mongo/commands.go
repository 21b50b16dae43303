package mongo

import (
	"github.com/avowhq/avow/connect"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// commands are what is sent at once. Those that differ in the document's key only are one.
type commands struct {
	list []command
	at   map[string]int
}

type command struct {
	filter, update bson.D
	ids            bson.A
}

func (c *commands) add(document, filter, update bson.D) error {
	same, err := bson.Marshal(bson.D{{Key: "f", Value: filter}, {Key: "u", Value: update}})
	if err != nil {
		return err
	}
	if c.at == nil {
		c.at = map[string]int{}
	}
	i, ok := c.at[string(same)]
	if !ok {
		i = len(c.list)
		c.at[string(same)] = i
		c.list = append(c.list, command{filter: filter, update: update})
	}
	for _, e := range document {
		if e.Key == "_id" {
			c.list[i].ids = append(c.list[i].ids, e.Value)
		}
	}
	return nil
}

func (c *commands) models(kind connect.ChangeKind) []mongo.WriteModel {
	out := make([]mongo.WriteModel, len(c.list))
	for i, each := range c.list {
		filter := append(bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: each.ids}}}}, each.filter...)
		if id, ok := each.ids[0].(bson.ObjectID); ok && len(each.ids) == 1 {
			filter[0].Value = id // FerretDB finds by its index only what is asked for so
		}
		if kind == connect.Delete {
			out[i] = mongo.NewDeleteManyModel().SetFilter(filter)
		} else {
			out[i] = mongo.NewUpdateManyModel().SetFilter(filter).SetUpdate(each.update)
		}
	}
	return out
}
