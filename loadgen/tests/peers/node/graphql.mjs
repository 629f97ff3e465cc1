// A GraphQL server over WebSocket as its library's documentation shows it: a query that says what it was told, and a
// subscription that counts.
import { GraphQLInt, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const text = { type: new GraphQLNonNull(GraphQLString) };
const query = new GraphQLObjectType({
  name: "Query",
  fields: { say: { type: GraphQLString, args: { text }, resolve: (_, { text }) => text } },
});
const subscription = new GraphQLObjectType({
  name: "Subscription",
  fields: {
    count: {
      type: GraphQLInt,
      args: { to: { type: new GraphQLNonNull(GraphQLInt) } },
      async *subscribe(_, { to }) {
        for (let n = 1; n <= to; n += 1) {
          await new Promise(setImmediate);
          yield { count: n };
        }
      },
    },
  },
});
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, path: "/graphql" });
useServer({ schema: new GraphQLSchema({ query, subscription }) }, server);
server.on("listening", () => console.log(server.address().port));
// Ends with whoever started it.
process.stdin.resume().on("end", () => server.close());
