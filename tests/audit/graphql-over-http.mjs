// The audit of the GraphQL-over-HTTP specification, as the package graphql-http ships it:
//   node graphql-over-http.mjs http://127.0.0.1:4000/graphql
// Fails if a MUST or a SHOULD fails; a MAY is only told.

import { serverAudits } from 'graphql-http';

const url = process.argv[2];
if (!url) {
  console.error('usage: node graphql-over-http.mjs <url>');
  process.exit(2);
}

const count = { ok: 0, notice: 0, warn: 0, error: 0 };
let failed = 0;
for (const audit of serverAudits({ url })) {
  const result = await audit.fn();
  count[result.status] += 1;
  const must = /^(MUST|SHOULD)/.test(audit.name);
  if (result.status !== 'ok' && must) failed += 1;
  console.log(`${result.status.padEnd(6)} ${audit.id} ${audit.name}`);
  if (result.status !== 'ok') console.log(`       ${result.reason}`);
}
const total = Object.values(count).reduce((sum, n) => sum + n, 0);
console.log(`${count.ok} of ${total} pass; ${failed} MUST or SHOULD fail`, count);
process.exit(failed ? 1 : 0);
