//! What the rows of a list ask of the database: as often for forty as for two, whatever hangs on them is selected.

use serde_json::{Value, json};
use tests::{
    client::Client,
    sdl::{self, Field, Kind, Schema},
    stage::Stage,
};

use super::SCHEMA;

/// What each row still asks for by itself. Nothing may be added; what is no longer so must go.
const ONE_BY_ONE: &[&str] = &[
    "User.entitlementHistory",
    "User.entitlements",
    "User.grantableProducts",
];

/// A list by the name of its field, or a list below each row of another.
struct List {
    /// `ROWS` stands for how many, `BELOW` for what is selected of each.
    query: String,
    node: String,
}

fn is_list(field: &Field) -> bool {
    field.named_type().ends_with("Connection")
}

/// Can be asked without saying anything more.
fn is_free(field: &Field) -> bool {
    let mut args = field.args.values();
    args.all(|arg| arg.has_default || !arg.ty.ends_with('!'))
}

fn node(schema: &Schema, connection: &str) -> String {
    schema[connection].fields["nodes"].named_type().to_owned()
}

fn lists(schema: &Schema) -> Vec<List> {
    let mut lists = Vec::new();
    for (name, field) in &schema["Query"].fields {
        if !is_list(field) || !is_free(field) {
            continue;
        }
        let of = node(schema, field.named_type());
        let query = format!("{{ {name}(first: ROWS) {{ nodes {{ __typename BELOW }} }} }}");
        for (below, field) in &schema[&of].fields {
            // What hangs on rows that come one by one does so, too.
            let together = !ONE_BY_ONE.contains(&format!("{of}.{below}").as_str());
            if is_list(field) && is_free(field) && together {
                let inner = format!("{below}(first: 3) {{ nodes {{ __typename BELOW }} }}");
                lists.push(List {
                    query: query.replace("BELOW", &inner),
                    node: node(schema, field.named_type()),
                });
            }
        }
        lists.push(List { query, node: of });
    }
    lists
}

/// The objects that hang on a row, each with its selection.
fn relations(schema: &Schema, node: &str) -> Vec<(String, String)> {
    let fields = schema[node].fields.iter().filter(|(_, field)| {
        let composite = schema.get(field.named_type());
        is_free(field) && composite.is_some_and(|it| !matches!(it.kind, Kind::Scalar | Kind::Enum))
    });
    fields
        .map(|(name, field)| {
            let first = if is_list(field) { "(first: 3)" } else { "" };
            (name.clone(), format!("{name}{first} {{ __typename }}"))
        })
        .collect()
}

/// How many statements, and how many rows of the outermost list came.
async fn ask(stage: &Stage, client: &Client, query: &str, rows: usize) -> (Vec<String>, usize) {
    let query = query.replace("ROWS", &rows.to_string());
    // Looks are noted, and credentials looked up, at the first time only.
    client.ask(&query, json!({})).await.data();
    stage.statements.take();
    let data = client.ask(&query, json!({})).await.data();
    let asked = stage.statements.take().into_iter();
    let asked = asked.filter(|sql| !sql.contains("FROM sessions"));
    let list = data.as_object().and_then(|data| data.values().next());
    let nodes = list.map(|list| &list["nodes"]).and_then(Value::as_array);
    (asked.collect(), nodes.map_or(0, Vec::len))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_do_not_ask_one_by_one() {
    let schema = sdl::read(SCHEMA);
    let stage = Stage::new().await;
    let crowd = seed::BulkOptions {
        team: "Crowd".into(),
        users: 60,
        seed: 1,
        progress: None,
    };
    let filled = seed::bulk(&stage.app, crowd).await.expect("a crowd");
    let client = Client::sign_in(&stage.url, &filled.admin, seed::bulk::PASSWORD).await;
    let (mut wrong, mut alone, mut compared) = (Vec::new(), Vec::new(), 0);
    for List { query, node } in lists(&schema) {
        for (name, selection) in relations(&schema, &node) {
            let query = query.replace("BELOW", &selection);
            let (of_two, two) = ask(&stage, &client, &query, 2).await;
            let (of_forty, many) = ask(&stage, &client, &query, 40).await;
            if many <= two {
                continue;
            }
            compared += 1;
            // A load may begin before the last row has asked: then it is two.
            if of_forty.len() > of_two.len() + (many - two) / 2 {
                alone.push(format!("{node}.{name}"));
                wrong.push(format!("{} and {} for {query}", of_two.len(), of_forty.len()));
            }
        }
    }
    alone.sort();
    alone.dedup();
    assert_eq!(alone, ONE_BY_ONE, "{wrong:#?}");
    assert!(compared > 10, "only {compared} were compared");
    stage.end().await;
}
