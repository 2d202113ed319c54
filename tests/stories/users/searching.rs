//! S3.16: one search over five fields, ignoring case, accents and the punctuation of phones.

use domain::users::NewUser;
use migration::{Migrator, MigratorTrait};
use serde_json::json;
use tests::stage::Stage;

use super::{found, people, person};

#[tokio::test]
async fn any_part_of_any_field_and_nothing_else() {
    let stage = Stage::new().await;
    let angela = NewUser {
        phone: Some("+34 (600) 123-456".into()),
        company_name: Some("50%_Off \\ \"Quotes\" Ltd".into()),
        ..person("Ángela", "Núñez", "angela@muro.example")
    };
    let jose = NewUser {
        phone: Some("00 55 11 9".into()),
        company_name: Some("Ö'Brien & Söhne".into()),
        ..person("José 🦊", "مرحبا", "jose@praia.example")
    };
    let plain = person("Bo", "Li", "bo.li@shop.test");
    let folded = NewUser {
        company_name: Some("Οδυσσεύς".into()),
        ..person("I\u{307}pek", "Weißgerber", "mail@tor.test")
    };
    let ids = people(&stage, vec![angela, jose, plain, folded]).await;
    let long = "x".repeat(10_000);
    let full = format!("angela {long}");
    let (hangul, ligatures) = ("\u{d55c}".repeat(10_000), "\u{fdfa}".repeat(10_000));
    let wildcards = "%".repeat(10_000);
    for (term, expected) in [
        ("ngel", &[0][..]),
        ("NUNEZ", &[0]),
        ("núñ", &[0]),
        ("  ángela  ", &[0]),
        ("angela nunez", &[0]),
        ("600123456", &[0]),
        ("600) 123", &[0]),
        ("+34600123456", &[0]),
        ("+34600", &[0]),
        ("600-123-456", &[0]),
        ("600.123.456", &[0]),
        ("34 600 123 456", &[0]),
        ("+34600123457", &[]),
        ("+4600123456", &[0]),
        ("00-55-11-9", &[1]),
        ("(600)", &[0]),
        ("0055", &[1]),
        ("muro.ex", &[0]),
        ("off", &[0]),
        ("50%", &[0]),
        ("0%_o", &[0]),
        ("%", &[0]),
        ("_", &[0]),
        ("%%%", &[]),
        ("___", &[]),
        ("\\", &[0]),
        ("\\ \"", &[0]),
        ("\"", &[0]),
        ("\"quotes\"", &[0]),
        ("\"\"\"", &[]),
        ("'", &[1]),
        ("o'brien", &[1]),
        ("ö'b", &[1]),
        ("'; DROP TABLE users; --", &[]),
        ("🦊", &[1]),
        ("josé 🦊", &[1]),
        ("مرحبا", &[1]),
        ("رح", &[1]),
        ("li", &[2]),
        ("Bo", &[2]),
        ("q", &[0]),
        ("zx", &[]),
        // One letter in the one case and two in the other, or another at the end of a word.
        ("WEISSGERBER", &[3]),
        ("weissger", &[3]),
        ("WEIẞGERBER", &[3]),
        ("weißgerber", &[3]),
        ("İPEK", &[3]),
        ("ipek", &[3]),
        ("IPEK", &[3]),
        ("ΟΔΥΣΣΕΥΣ", &[3]),
        ("Nu\u{301}n\u{303}ez", &[0]),
        ("*", &[]),
        ("bo OR jose", &[]),
        ("NEAR(bo li)", &[]),
        ("first_name:bo", &[]),
        ("exam*", &[]),
        // From one field into the next.
        ("nunez angela@", &[]),
        ("nunezangela", &[]),
        ("nunez\nangela", &[]),
        ("example+34", &[]),
        ("example 34", &[]),
        ("456\n34600", &[]),
        ("45634600", &[]),
        (long.as_str(), &[]),
        (full.as_str(), &[]),
        // What becomes several letters each in the normal form.
        (hangul.as_str(), &[]),
        (ligatures.as_str(), &[]),
        (wildcards.as_str(), &[]),
        ("\u{0}", &[0, 1, 2, 3]),
        ("   ", &[0, 1, 2, 3]),
    ] {
        let expected: Vec<&String> = expected.iter().map(|at| &ids[*at]).collect();
        let shown: String = term.chars().take(40).collect();
        assert_eq!(
            found(&stage.admin, json!({ "search": term }))
                .await
                .iter()
                .collect::<Vec<_>>(),
            expected,
            "{shown:?}"
        );
    }
    stage.end().await;
}

#[tokio::test]
async fn another_teams_people_never_appear() {
    let stage = Stage::new().await;
    let ids = people(&stage, vec![person("Ana", "Gil", "ana@shop.test")]).await;
    let other = stage.other_team().await;
    for filter in [
        json!({}),
        json!({ "search": "ana" }),
        json!({ "search": "an" }),
        json!({ "active": true }),
    ] {
        assert_eq!(found(&stage.admin, filter.clone()).await, ids);
        assert_eq!(found(&other, filter).await, Vec::<String>::new());
    }
    stage.end().await;
}

/// S3.16: letters that are no others with an accent are found as they are typed without them.
#[tokio::test]
async fn letters_of_other_alphabets_are_found_by_plain_ones() {
    let stage = Stage::new().await;
    let names = [
        ("Łukasz", "lukasz"),
        ("Bjørn", "bjorn"),
        ("Đặng", "dang"),
        ("Œuvre", "oeuvre"),
        ("Þór", "thor"),
        ("ＡＢＣ１２３", "abc123"),
    ];
    let strangers = (1..).zip(names);
    let strangers = strangers.map(|(n, (name, _))| person(name, "Gil", &format!("p{n}@shop.test")));
    let ids = people(&stage, strangers.collect()).await;
    for ((name, plain), id) in names.iter().zip(&ids) {
        for term in [*name, plain, &name.to_lowercase(), &plain.to_uppercase()] {
            let found = found(&stage.admin, json!({ "search": term })).await;
            assert_eq!(found, std::slice::from_ref(id), "{term}");
        }
    }
    stage.end().await;
}

/// People and products from before the letters were written as plain ones are found like new ones.
#[tokio::test]
async fn what_was_there_before_is_found_by_plain_letters() {
    let stage = Stage::new().await;
    let ids = people(&stage, vec![person("Łukasz", "Bjørnæs", "p@shop.test")]).await;
    people(&stage, vec![person("Ana", "Gil", "ana@shop.test")]).await;
    stage.product("Þór").await;
    stage
        .sql("UPDATE users SET search_text = 'łukasz bjørnæs' WHERE email_key = 'p@shop.test'")
        .await;
    stage.sql("UPDATE products SET search_text = 'þor'").await;
    let both = "query($u: String, $p: String) { users(filter: { search: $u }) { nodes { id } totalCount } \
                products(search: $p) { totalCount } }";
    let seen = async || {
        let terms = json!({ "u": "lukasz bjornaes", "p": "thor" });
        stage.admin.ask(both, terms).await.data()
    };
    let before = seen().await;
    assert_eq!(before["users"], json!({ "nodes": [], "totalCount": 0 }));
    stage
        .sql("DELETE FROM seaql_migrations WHERE version = 'm0011_letters'")
        .await;
    Migrator::up(stage.app.db.connection().whole(), None)
        .await
        .expect("the migration");
    let after = seen().await;
    assert_eq!(
        after["users"],
        json!({ "nodes": [{ "id": ids[0] }], "totalCount": 1 })
    );
    assert_eq!(after["products"]["totalCount"], 1);
    stage.end().await;
}

/// The same terms for products and for files: nothing is found, nothing fails.
#[tokio::test]
async fn no_term_is_too_long_to_find_nothing() {
    let stage = Stage::new().await;
    let longest = "\u{fdfa}".repeat(200);
    for (external, name) in [("short", "Rayuela"), ("long", &longest)] {
        let input = json!({ "externalId": external, "name": name });
        let recorded = stage
            .admin
            .mutate("productRecord", "ProductRecordInput", input, "product { id }");
        recorded.await.accepted();
    }
    let query = "query($s: String) { products(search: $s, first: 10) { totalCount nodes { name } edges { cursor } } }";
    for (term, expected) in [
        ("rayu".to_owned(), "Rayuela"),
        (longest.clone(), longest.as_str()),
        ("x".repeat(10_000), ""),
        ("\u{d55c}".repeat(10_000), ""),
        ("\u{fdfa}".repeat(10_000), ""),
    ] {
        let found = stage.admin.ask(query, json!({ "s": term })).await.data()["products"].clone();
        let names = found["nodes"].as_array().expect("nodes").iter();
        let names: Vec<&str> = names.map(|node| node["name"].as_str().expect("a name")).collect();
        let expected: Vec<&str> = Some(expected)
            .filter(|name| !name.is_empty())
            .into_iter()
            .collect();
        assert_eq!(names, expected);
        assert_eq!(found["totalCount"], expected.len());
    }
    let input = json!({ "segment": "LEAD", "filter": { "search": "\u{fdfa}".repeat(10_000) } });
    let file = stage
        .admin
        .mutate("usersExport", "UsersExportInput", input, "export { id }")
        .await;
    assert_eq!(file.refusals(), ["EXPORT_EMPTY"]);
    stage.end().await;
}
