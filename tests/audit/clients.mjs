// The clients that our partners use, against the example server:
//   cargo run -p transport --example transport -- 127.0.0.1:4000
//   node clients.mjs 127.0.0.1:4000

import assert from 'node:assert/strict';
import { createClient as createSocket } from 'graphql-ws';
import { createClient as createEvents } from 'graphql-sse';
import WebSocket from 'ws';

const host = process.argv[2];
if (!host) {
  console.error('usage: node clients.mjs <host:port>');
  process.exit(2);
}

async function all(results) {
  const found = [];
  for await (const result of results) found.push(result);
  return found;
}

async function check(name, run) {
  await run();
  console.log(`ok     ${name}`);
}

function socket(token, on = {}) {
  return createSocket({
    url: `ws://${host}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
    keepAlive: 50,
    on,
  });
}

const events = (token, single = false) =>
  createEvents({
    url: `http://${host}/graphql`,
    singleConnection: single,
    headers: { Authorization: `Bearer ${token}` },
    retryAttempts: 0,
  });

const numbers = [{ count: 1 }, { count: 2 }, { count: 3 }];
for (const [kind, make] of [['graphql-ws', socket], ['graphql-sse', events]]) {
  const client = make('valid');
  await check(`${kind}: a query with variables`, async () => {
    const query = 'query($v: Int!) { me number(value: $v) }';
    const [result, ...rest] = await all(client.iterate({ query, variables: { v: 7 } }));
    assert.deepEqual(result.data, { me: 'valid', number: 7 });
    assert.deepEqual(rest, []);
  });
  await check(`${kind}: a mutation`, async () => {
    const [result] = await all(client.iterate({ query: 'mutation { touch }' }));
    assert.deepEqual(result.data, { touch: true });
  });
  await check(`${kind}: a subscription to its end`, async () => {
    const results = await all(client.iterate({ query: 'subscription { count(to: 3) }' }));
    assert.deepEqual(results.map((result) => result.data), numbers);
  });
  await check(`${kind}: a subscription that the client leaves`, async () => {
    for await (const result of client.iterate({ query: 'subscription { once }' })) {
      assert.deepEqual(result.data, { once: 1 });
      break;
    }
  });
  await check(`${kind}: ten operations at once`, async () => {
    const query = 'subscription { count(to: 3) }';
    const results = await Promise.all(Array.from({ length: 10 }, () => all(client.iterate({ query }))));
    for (const result of results) assert.deepEqual(result.map((one) => one.data), numbers);
  });
  await check(`${kind}: an error of a resolver`, async () => {
    const [result] = await all(client.iterate({ query: '{ hello forbidden }' }));
    assert.equal(result.data.hello, 'world');
    assert.equal(result.errors[0].extensions.code, 'FORBIDDEN');
  });
  client.dispose();
}

await check('graphql-ws: an invalid document is an error of its operation', async () => {
  const client = socket('valid');
  await assert.rejects(all(client.iterate({ query: '{ unknown }' })), (errors) => {
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    return true;
  });
  client.dispose();
});
await check('graphql-ws: a wrong credential closes with 4403', async () => {
  await assert.rejects(all(socket('wrong').iterate({ query: '{ hello }' })), { code: 4403 });
});
await check('graphql-ws: pings are answered', async () => {
  const ponged = new Promise((resolve) => {
    const client = socket('valid', { pong: (received) => received && resolve(client) });
    client.subscribe({ query: 'subscription { never }' }, { next() {}, error() {}, complete() {} });
  });
  (await ponged).terminate();
});
await check('graphql-sse: an invalid document is told in the stream', async () => {
  const [result] = await all(events('valid').iterate({ query: '{ unknown }' }));
  assert.equal(result.errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
});
await check('graphql-sse: a wrong credential is 401', async () => {
  await assert.rejects(all(events('wrong').iterate({ query: '{ hello }' })), (error) => {
    assert.equal(error.response.status, 401);
    return true;
  });
});
