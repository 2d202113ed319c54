// CPU time of each server and of PostgreSQL, per request, one server after the other in several turns.
import { readFileSync, readdirSync } from 'node:fs'
import http from 'node:http'

const [ours, oursPid, peer, peerPid, postmaster, id, publicId, token] = process.argv.slice(2)
const AT_ONCE = 4
const TURNS = 2
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE })

const userFields = 'id firstName lastName companyEmail active'
const listFields = 'id firstName lastName companyEmail planSubscription { status interval endsAt } ecosystem { name active }'
const list = (segment) => `{ users(first: 50, filter: { segment: ${segment} }) { nodes { ${listFields} } } }`
const search = '{ users(first: 20, filter: { search: "garcia" }) { nodes { id firstName lastName companyEmail } } }'
const byId = `query($id: ID!) { user(id: $id) { ${userFields} } }`
const QUESTIONS = [
  ['user by id', 1500, [byId, { id: publicId }], [byId, { id }]],
  ['50 customers, plan and ecosystem', 500, [list('CUSTOMER')], [list('"CUSTOMER"')]],
  ['search', 100, [search], [search]],
]

// Fields 14 and 15 of proc(5), and 16 and 17 for children that are gone; 10 ms each.
function times(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ').slice(11, 15).map(Number)
  } catch {
    return [0, 0, 0, 0]
  }
}
const own = (pid) => (times(pid)[0] + times(pid)[1]) * 1e4
function database() {
  const children = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid)).filter((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === postmaster
    } catch {
      return false
    }
  })
  const gone = times(postmaster)
  return children.map(own).reduce((sum, time) => sum + time, (gone[2] + gone[3]) * 1e4)
}

function ask(url, [query, variables], headers) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify({ query, variables })
    const request = http.request(url, {
      agent, method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => { text += part }).on('end', () => {
        if (response.statusCode !== 200 || text.includes('"errors"')) reject(new Error(text))
        else resolve(text)
      })
    })
    request.on('error', reject).end(body)
  })
}

async function many(count, url, question, headers) {
  let left = count
  const worker = async () => { while (left-- > 0) await ask(url, question, headers) }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

const servers = [
  { name: 'Postventa', url: `${ours}/graphql`, pid: oursPid, headers: { authorization: `Bearer ${token}` } },
  { name: 'Mercurius', url: `${peer}/graphql`, pid: peerPid, headers: {} },
]
console.log(`${'µs of CPU per request'.padEnd(36)}${'Postventa'.padStart(22)}${'Mercurius'.padStart(22)}${'ratio'.padStart(16)}`)
for (const [name, count, ...questions] of QUESTIONS) {
  const spent = servers.map(() => [0, 0])
  for (let turn = 0; turn <= TURNS; turn++) {
    for (const [at, { url, pid, headers }] of servers.entries()) {
      const before = [own(pid), database()]
      await many(count, url, questions[at], headers)
      // The first turn is to warm up.
      if (turn > 0) [own(pid), database()].forEach((now, column) => { spent[at][column] += now - before[column] })
    }
  }
  const [us, them] = spent.map((columns) => columns.map((time) => time / count / TURNS))
  const pair = ([server, sql]) => `${server.toFixed(0)} + ${sql.toFixed(0)}`
  const ratio = us.map((time, column) => (time / them[column]).toFixed(2)).join(' and ')
  console.log(`${name.padEnd(36)}${pair(us).padStart(22)}${pair(them).padStart(22)}${ratio.padStart(16)}`)
}
agent.destroy()
