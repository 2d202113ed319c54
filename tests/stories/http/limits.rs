//! What one request may ask for, who may ask from a browser, and how little an error tells.

use serde_json::json;
use tests::stage::Stage;
use transport::Origin;

use super::server;

/// The query that GraphiQL 4 sends when it opens.
const INTROSPECTION: &str = "query IntrospectionQuery { __schema { description queryType { name kind } mutationType { name kind } \
     subscriptionType { name kind } types { ...FullType } directives { name description isRepeatable locations \
     args(includeDeprecated: true) { ...InputValue } } } } \
     fragment FullType on __Type { kind name description specifiedByURL isOneOf fields(includeDeprecated: true) { name description \
     args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason } \
     inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name \
     description isDeprecated deprecationReason } possibleTypes { ...TypeRef } } \
     fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason } \
     fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { \
     kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }";

#[tokio::test]
async fn graphiql_reads_the_schema() {
    let stage = Stage::new().await;
    let schema = stage.anonymous().ask(INTROSPECTION, json!({})).await.data();
    assert!(
        schema["__schema"]["types"]
            .as_array()
            .is_some_and(|types| types.len() > 50)
    );
    stage.end().await;
}

#[tokio::test]
async fn what_is_too_deep_or_too_heavy_is_refused_before_it_is_asked() {
    let stage = Stage::new().await;
    // Fourteen levels below `node` are fifteen, one more is sixteen.
    let deep = |levels: usize| {
        let (mut open, mut close) = (String::new(), String::new());
        for level in 0..levels - 3 {
            open.push_str(if level % 2 == 0 {
                "ecosystem { "
            } else {
                "owner { "
            });
            close.push_str("} ");
        }
        format!("{{ users {{ nodes {{ {open} id {close} }} }} }}")
    };
    stage.admin.ask(&deep(15), json!({})).await.data();
    assert_eq!(
        stage.admin.ask(&deep(16), json!({})).await.code(),
        "QUERY_TOO_DEEP"
    );

    let nested = |size: usize| {
        format!(
            "{{ users(first: {size}) {{ nodes {{ purchases(first: {size}) {{ nodes {{ user {{ readingStats {{ \
             activity(first: {size}) {{ nodes {{ id }} }} }} }} }} }} }} }} }}"
        )
    };
    stage.statements.take();
    assert_eq!(
        stage.admin.ask(&nested(100), json!({})).await.code(),
        "QUERY_TOO_COMPLEX"
    );
    let asked = stage.statements.take();
    assert!(asked.iter().all(|sql| sql.contains("FROM sessions")), "{asked:?}");
    stage.admin.ask(&nested(5), json!({})).await.data();
    // A variable is no way around, nor is a size that is not allowed.
    let query = "query($n: Int) { users(first: $n) { nodes { purchases(first: $n) { nodes { refunds { id } user { purchases(first: $n) { nodes { id } } } } } } } }";
    assert_eq!(
        stage.admin.ask(query, json!({ "n": 100 })).await.code(),
        "QUERY_TOO_COMPLEX"
    );
    let nodes = format!("{{ nodes(ids: [{}]) {{ id }} }}", "\"x\" ".repeat(101));
    assert_eq!(stage.admin.ask(&nodes, json!({})).await.code(), "BAD_USER_INPUT");
    stage.end().await;
}

#[tokio::test]
async fn guessing_in_one_document_is_refused() {
    let stage = Stage::new().await;
    let twice = "mutation { a: signIn(input: { email: \"a\", password: \"b\" }) { accessToken } \
                 b: signIn(input: { email: \"a\", password: \"c\" }) { accessToken } }";
    assert_eq!(
        stage.anonymous().ask(twice, json!({})).await.code(),
        "QUERY_TOO_COMPLEX"
    );
    stage.end().await;
}

#[tokio::test]
async fn a_fault_is_told_by_a_trace_id_and_nothing_else() {
    let stage = Stage::new().await;
    stage.sql("ALTER TABLE products RENAME TO gone").await;
    let answer = stage
        .admin
        .ask("{ viewer { scopes } products { nodes { id } } }", json!({}))
        .await;
    assert_eq!(answer.code(), "INTERNAL_SERVER_ERROR");
    let trace = &answer.body["errors"][0]["extensions"]["traceId"];
    assert!(
        trace.as_str().is_some_and(|trace| trace.len() >= 16),
        "{:#}",
        answer.body
    );
    let told = answer.body.to_string().to_lowercase();
    for inside in [
        "select",
        "from products",
        "no such table",
        "relation",
        "sqlx",
        "sea_orm",
        "database",
        ".rs",
    ] {
        assert!(!told.contains(inside), "{inside}: {told}");
    }
    stage.sql("ALTER TABLE gone RENAME TO products").await;
    stage
        .admin
        .ask("{ products { nodes { id } } }", json!({}))
        .await
        .data();
    stage.end().await;
}

#[tokio::test]
async fn browsers_call_from_named_origins_only() {
    let stage = Stage::new().await;
    let (client, _stop) = server(&stage, |server| {
        server.limits.allowed_origins = vec![Origin::read("https://front.example/").expect("an origin")];
    })
    .await;
    let url = format!("{}/graphql", client.url);
    for (origin, allowed) in [
        ("https://front.example", true),
        ("https://evil.example", false),
        ("https://front.example.evil.example", false),
        ("http://front.example", false),
        ("null", false),
    ] {
        let preflight = reqwest::Client::new()
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type");
        let real = reqwest::Client::new()
            .post(&url)
            .header("origin", origin)
            .json(&json!({ "query": "{ viewer { scopes } }" }));
        for request in [preflight, real] {
            let response = request.send().await.expect("an answer");
            let header = response
                .headers()
                .get("access-control-allow-origin")
                .map(|it| it.as_bytes().to_vec());
            assert_eq!(header, allowed.then(|| origin.as_bytes().to_vec()), "{origin}");
            let vary = response.headers().get_all("vary").iter();
            let vary = vary
                .filter_map(|it| it.to_str().ok())
                .collect::<String>()
                .to_lowercase();
            assert!(vary.contains("origin"), "caches keep the answers apart: {vary}");
            assert!(
                !response
                    .headers()
                    .contains_key("access-control-allow-credentials")
            );
        }
    }
    stage.end().await;
}

/// What Apollo, Relay, urql, `graphql-sse` and tools that trace or report errors send from a page.
const SENT: &str = "accept,accept-language,apollo-require-preflight,apollographql-client-name,\
    apollographql-client-version,authorization,b3,baggage,cache-control,content-type,graphql-client-name,\
    graphql-client-version,last-event-id,sentry-trace,traceparent,tracestate,x-apollo-operation-id,\
    x-apollo-operation-name,x-b3-traceid,x-datadog-trace-id,x-request-id,x-requested-with";

#[tokio::test]
async fn a_page_may_send_what_clients_send_and_read_what_it_should_quote() {
    let stage = Stage::new().await;
    let front = "https://front.example";
    let (client, _stop) = server(&stage, |server| {
        server.limits.allowed_origins = vec![Origin::read(front).expect("an origin")];
    })
    .await;
    let url = format!("{}/graphql", client.url);
    let browser = reqwest::Client::new();
    for method in ["GET", "POST"] {
        let preflight = browser
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", front)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", SENT)
            .header("access-control-request-private-network", "true");
        let permitted = preflight.send().await.expect("an answer");
        assert!(permitted.status().is_success());
        let header = |name: &str| {
            let value = permitted.headers().get(name).and_then(|it| it.to_str().ok());
            value.unwrap_or_default().to_lowercase()
        };
        let headers = header("access-control-allow-headers");
        let permitted_headers: Vec<&str> = headers.split(',').map(str::trim).collect();
        for sent in SENT.split(',').map(str::trim) {
            assert!(permitted_headers.contains(&sent), "{sent}: {headers}");
        }
        assert!(header("access-control-allow-methods").contains(&method.to_lowercase()));
        assert_eq!(header("access-control-max-age"), "7200");
        assert_eq!(header("access-control-allow-private-network"), "true");
    }
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let called = browser
        .post(&url)
        .header("origin", front)
        .header("traceparent", format!("00-{trace}-b7ad6b7169203331-01"))
        .json(&json!({ "query": "{ viewer { scopes } }" }));
    let answered = called.send().await.expect("an answer");
    assert_eq!(answered.headers()["x-trace-id"], trace);
    let exposed = answered.headers()["access-control-expose-headers"]
        .to_str()
        .expect("text");
    for name in [
        "x-trace-id",
        "retry-after",
        "content-disposition",
        "content-range",
        "etag",
    ] {
        assert!(exposed.contains(name), "{name}: {exposed}");
    }
    // A page that fetches a file reads its name.
    let file = browser
        .get(format!("{}/exports/x/y", client.url))
        .header("origin", front);
    let file = file.send().await.expect("an answer");
    assert_eq!(file.headers()["access-control-allow-origin"], front);
    stage.end().await;
}
