// What somebody would write by hand over the same tables: one statement for each query, prepared, with joins. It knows
// neither callers nor limits, and has one team.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import pg from 'pg'

const [url, port, team] = process.argv.slice(2)
const pool = new pg.Pool({ connectionString: url, max: 8 })

const schema = `
  type Ecosystem { name: String!, active: Boolean! }
  type PlanSubscription { status: String!, interval: String!, endsAt: String }
  type User {
    id: ID!, firstName: String!, lastName: String!, companyEmail: String!, active: Boolean!
    planSubscription: PlanSubscription, ecosystem: Ecosystem
  }
  type UserConnection { nodes: [User!]! }
  input UserFilter { segment: String, search: String }
  type Query { user(id: ID!): User, users(first: Int!, filter: UserFilter!): UserConnection! }
`

const person = `u.id, u.first_name, u.last_name, u.company_email,
  u.suspended_at IS NULL AND e.suspended_at IS NULL AS active`
const ecosystem = 'LEFT JOIN ecosystems e ON e.id = u.ecosystem_id'

function user(row) {
  return {
    id: row.id, firstName: row.first_name, lastName: row.last_name, companyEmail: row.company_email, active: row.active,
    planSubscription: row.status && { status: row.status, interval: row.interval, endsAt: row.ends_at?.toISOString() },
    ecosystem: row.eco_id && { name: row.eco_name, active: row.eco_suspended_at === null },
  }
}

const resolvers = {
  Query: {
    async user(_, { id }) {
      const text = `SELECT ${person} FROM users u ${ecosystem} WHERE u.id = $1 AND u.team_id = $2`
      const { rows } = await pool.query({ name: 'user', text, values: [id, team] })
      return rows.map(user)[0]
    },
    async users(_, { first, filter }) {
      if (filter.search) {
        const text = `SELECT ${person} FROM users u ${ecosystem} WHERE u.team_id = $1 AND u.search_text LIKE $2
          ORDER BY u.created_at, u.id LIMIT $3`
        const { rows } = await pool.query({ name: 'search', text, values: [team, `%${filter.search}%`, first] })
        return { nodes: rows.map(user) }
      }
      const text = `SELECT ${person}, p.status, p.interval, p.ends_at, o.id AS eco_id, o.name AS eco_name,
        o.suspended_at AS eco_suspended_at FROM users u ${ecosystem}
        LEFT JOIN ecosystems o ON o.id = u.ecosystem_id AND o.owner_id = u.id
        LEFT JOIN LATERAL (SELECT l.* FROM plan_subscriptions l WHERE l.user_id = u.id
          ORDER BY (l.starts_at <= now()) DESC, l.starts_at DESC, l.id DESC LIMIT 1) p ON true
        WHERE u.team_id = $1 AND u.segment = $2 ORDER BY u.created_at, u.id LIMIT $3`
      const { rows } = await pool.query({ name: 'users', text, values: [team, filter.segment, first] })
      return { nodes: rows.map(user) }
    },
  },
}

const app = Fastify()
app.register(mercurius, { schema, resolvers, jit: 1 })
await app.listen({ host: '127.0.0.1', port: Number(port) })
