//! S3.16: one search over five fields, for words in any order, ignoring case, accents and the punctuation of phones.

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
        // Words may be in different fields; none goes from one field into the next.
        ("nunez angela@", &[0]),
        ("nunez\nangela", &[0]),
        ("example 34", &[0]),
        ("li muro", &[]),
        ("nunezangela", &[]),
        ("example+34", &[]),
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

/// S3.16: what is searched for is a list of words, as people have them from lists and letters.
#[tokio::test]
async fn every_word_is_somewhere_in_any_order() {
    let stage = Stage::new().await;
    let del_rio = NewUser {
        phone: Some("+34 600 123 456".into()),
        company_name: Some("Librería “Sol” – Núñez".into()),
        ..person("Ana María", "Del Río", "am@libros.example")
    };
    let others = vec![
        del_rio,
        person("Ana", "Ríos", "ana@shop.test"),
        person("Mario", "Delgado", "mario@shop.test"),
        person("Sean", "O’Brien-Smith", "sean@shop.test"),
    ];
    let ids = people(&stage, others).await;
    for (terms, expected) in [
        (
            &[
                "Del Río, Ana",
                "del rio ana",
                "ANA, DEL RIO;",
                "río\tana\u{a0}del",
                "ana maria del rio",
                "María del",
            ][..],
            0,
        ),
        (
            &[
                "libros ana",
                "Sol, Ana",
                "núñez – ana",
                "nunez - ana",
                "\"sol\" ana",
                "«Sol» libreria",
            ],
            0,
        ),
        (
            &[
                "ana 600123456",
                "Del Río +34 600-123-456",
                "34600123456 rio",
                "am 456",
            ],
            0,
        ),
        (&["ana ríos", "rios, ana", "ana shop.test"], 1),
        (&["delgado mario", "mario del"], 2),
        (
            &[
                "o'brien",
                "O’Brien",
                "OʼBrien sean",
                "o`brien-smith",
                "o´brien‑smith",
                "brien–smith",
                "smith, o'brien",
            ],
            3,
        ),
    ] {
        for term in terms {
            let found = found(&stage.admin, json!({ "search": term })).await;
            assert_eq!(found, [ids[expected].clone()], "{term}");
        }
    }
    for nobody in [
        "ana delgado",
        "del rio anna",
        "ana mario",
        "obrien",
        "ana, del rio, 601",
        "rio ana zz",
        "li na wu",
    ] {
        assert_eq!(
            found(&stage.admin, json!({ "search": nobody })).await,
            Vec::<String>::new(),
            "{nobody}"
        );
    }
    let everybody = ["", ",", " ; "].map(|term| json!({ "search": term }));
    assert_eq!(found(&stage.admin, everybody[0].clone()).await.len(), 4);
    assert_eq!(found(&stage.admin, everybody[1].clone()).await.len(), 0);
    // The index is asked once those who came last are not enough.
    let crowd = (0..2500).map(|n| person("Luz", "Gil", &format!("luz{n}@shop.test")));
    people(&stage, crowd.collect()).await;
    for term in ["Del Río, Ana", "ana libreria", "an li ri", "600-123-456 maria"] {
        assert_eq!(
            found(&stage.admin, json!({ "search": term })).await,
            [ids[0].clone()],
            "{term}"
        );
    }
    for (search, expected) in [
        ("sol, noche", 1),
        ("Noche ‹sol›", 0),
        ("noche d'un", 1),
        ("d’un noche", 1),
        ("noche luna", 0),
    ] {
        let input = json!({ "externalId": "n", "name": "La noche d’un Sol" });
        stage
            .admin
            .mutate("productRecord", "ProductRecordInput", input, "product { id }")
            .await
            .accepted();
        let query = "query($s: String) { products(search: $s) { totalCount } }";
        let seen = stage.admin.ask(query, json!({ "s": search })).await;
        assert_eq!(seen.data()["products"]["totalCount"], expected, "{search}");
    }
    stage.end().await;
}

/// What cannot be seen neither makes a name nor hides one; a gap is a gap, whatever it is made of.
#[tokio::test]
async fn names_are_what_can_be_seen_of_them() {
    let stage = Stage::new().await;
    let make = async |first: &str, company: &str, number: u32| {
        let input = json!({ "firstName": first, "lastName": "Gil", "companyName": company,
            "companyEmail": format!("p{number}@shop.test") });
        stage
            .admin
            .mutate(
                "userCreate",
                "UserCreateInput",
                input,
                "user { id firstName companyName }",
            )
            .await
    };
    for (number, (sent, shown, term)) in (0..).zip([
        ("Ana\tMaría", "Ana María", "ana maria"),
        ("Eva\u{a0}\r\n Luz", "Eva Luz", "Eva Luz"),
        ("In\u{200b}\u{ad}é\u{2060}s\u{feff}", "Inés", "ines"),
        ("Zoe\u{3164}Roe", "Zoe Roe", "zoe roe"),
        ("علی\u{200c}رضا", "علی\u{200c}رضا", "علیرضا"),
        ("Kim 👩\u{200d}💻", "Kim 👩\u{200d}💻", "kim 👩💻"),
    ]) {
        let person = make(sent, "\u{2800}", number).await.accepted()["user"].clone();
        assert_eq!(
            (&person["firstName"], &person["companyName"]),
            (&json!(shown), &json!(null))
        );
        for term in [term, sent, shown] {
            let found = found(&stage.admin, json!({ "search": term })).await;
            assert_eq!(found, [person["id"].as_str().expect("an id")], "{term:?}");
        }
    }
    for nothing in [
        "\u{200b}",
        "\u{ad}",
        "\u{3164}",
        "\u{115f}",
        "\u{ffa0}",
        "\u{2800}",
        "\u{2060}",
        "\u{fe0f}",
        "\u{200d}",
        "\u{e0041}",
        "\u{202e}",
        "\u{180e}",
        "\u{a0}\u{3000}",
    ] {
        assert_eq!(
            make(nothing, "", 99).await.refusals(),
            ["INVALID firstName"],
            "{nothing:?}"
        );
    }
    stage.end().await;
}

/// Phones are taken as people paste them, kept as they were written, and found however they are typed.
#[tokio::test]
async fn phones_are_taken_and_found_as_they_are_pasted() {
    let stage = Stage::new().await;
    for (number, (sent, shown, terms)) in (0..).zip([
        (
            "+34\u{a0}600\u{2011}111\u{2013}001",
            "+34 600\u{2011}111\u{2013}001",
            &[
                "600111001",
                "+34 600-111-001",
                "0034600111001",
                "600 111 001",
                "+34\u{2009}600\u{2010}111\u{2010}001",
            ][..],
        ),
        (
            "６００　１１１　００２",
            "６００ １１１ ００２",
            &["600111002", "600-111-002", "６００１１１００２", "(600) 111 002"],
        ),
        (
            "+٩٦٦ ٥٠ ١١١ ٠٠٠٣",
            "+٩٦٦ ٥٠ ١١١ ٠٠٠٣",
            &[
                "966501110003",
                "+966 50 111 0003",
                "٥٠١١١٠٠٠٣",
                "00966-50-111-0003",
            ],
        ),
        (
            "600 111 004 ext. 12",
            "600 111 004 ext. 12",
            &["600111004", "600-111-004 x12", "600111004 ext 12", "60011100412"],
        ),
        (
            "+44 (0)20 7111 0005",
            "+44 (0)20 7111 0005",
            &[
                "+442071110005",
                "02071110005",
                "020 7111 0005",
                "+44 (0) 20 7111 0005",
            ],
        ),
        (
            "\u{202a}0034 600 111 006\u{202c}",
            "0034 600 111 006",
            &["+34600111006", "600111006", "+34 600 111 006"],
        ),
        (
            "1-800-FLOWERS",
            "1-800-FLOWERS",
            &["18003569377", "1-800-flowers", "+1 800 356 9377"],
        ),
    ]) {
        let input = json!({ "firstName": "Ana", "lastName": "Gil", "companyEmail": format!("p{number}@shop.test"), "phone": sent });
        let made = stage
            .admin
            .mutate("userCreate", "UserCreateInput", input, "user { id phone }")
            .await
            .accepted();
        assert_eq!(made["user"]["phone"], shown);
        for term in terms {
            let found = found(&stage.admin, json!({ "search": term })).await;
            assert_eq!(found, [made["user"]["id"].as_str().expect("an id")], "{term}");
        }
    }
    for wrong in ["call me", "12", "ana12345@shop.test", "<b>600123456</b>"] {
        let input =
            json!({ "firstName": "Ana", "lastName": "Gil", "companyEmail": "q@shop.test", "phone": wrong });
        let refused = stage
            .admin
            .mutate("userCreate", "UserCreateInput", input, "user { id }")
            .await;
        assert_eq!(refused.refusals(), ["INVALID phone"], "{wrong}");
    }
    stage.end().await;
}

/// People and products from before are found like new ones, by whatever the normal form has become.
#[tokio::test]
async fn what_was_there_before_is_written_anew() {
    let stage = Stage::new().await;
    let old = NewUser {
        phone: Some("+44 (0)20 7946 0000".into()),
        ..person("Séan", "O’Bri\u{ad}en", "p@shop.test")
    };
    let ids = people(&stage, vec![old, person("Ana", "Gil", "ana@shop.test")]).await;
    stage.product("La noche d’un Sol").await;
    let changed = "UPDATE users SET search_text = 'sean o’bri\u{ad}en' || char(10) || 'p@shop.test' || char(10) || \
                   '+44 (0)20 7946 0000' || char(10) || '4402079460000' WHERE email_key = 'p@shop.test'";
    let line_break = match stage.app.db.dialect() {
        domain::database::Dialect::Postgres => "chr(10)",
        domain::database::Dialect::Sqlite => "char(10)",
    };
    stage.sql(&changed.replace("char(10)", line_break)).await;
    stage
        .sql("UPDATE products SET search_text = 'la noche d’un sol'")
        .await;
    let seen = async |term: &str, title: &str| {
        let both = "query($u: String, $p: String) { users(filter: { search: $u }) { nodes { id } } \
                    products(search: $p) { totalCount } }";
        let data = stage
            .admin
            .ask(both, json!({ "u": term, "p": title }))
            .await
            .data();
        (
            data["users"]["nodes"].clone(),
            data["products"]["totalCount"].clone(),
        )
    };
    assert_eq!(seen("o'brien", "d'un").await, (json!([]), json!(0)));
    stage
        .sql("DELETE FROM seaql_migrations WHERE version = 'm0020_search_text'")
        .await;
    Migrator::up(stage.app.db.connection().whole(), None)
        .await
        .expect("the migration");
    let found = json!([{ "id": ids[0] }]);
    assert_eq!(seen("o'brien", "d'un").await, (found.clone(), json!(1)));
    assert_eq!(seen("+442079460000", "sol noche").await, (found, json!(1)));
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
