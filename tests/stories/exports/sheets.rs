//! What stands in a spreadsheet: typed cells, in the reader's language, and nothing that runs.

use calamine::{Data, Reader};
use entities::Locale;
use serde_json::json;
use tests::stage::{Stage, text};

use super::{customer, exported, lead, open, part, people, rows, serial};

fn is(said: &str) -> Data {
    Data::String(said.into())
}

async fn with_plan(stage: &Stage, user: &str) {
    let product = stage.product("Plan Pro").await;
    let plan = json!({ "externalId": "plan-1", "userId": user, "productId": product, "interval": "ANNUAL",
        "status": "PAST_DUE", "startsAt": "2026-01-31T23:30:00.000Z", "endsAt": "2027-01-31T23:30:00.000Z", "encounters": 12,
        "licensesTotal": 10, "licensesAssigned": 4, "licensesSuspended": 1 });
    let made = stage.admin.mutate(
        "planSubscriptionRecord",
        "PlanSubscriptionRecordInput",
        plan,
        "planSubscription { id }",
    );
    made.await.accepted();
    let ecosystem = json!({ "externalId": "eco-1", "ownerId": user, "name": "Casa Ñ" });
    let made = stage.admin.mutate(
        "ecosystemRecord",
        "EcosystemRecordInput",
        ecosystem,
        "ecosystem { id }",
    );
    let id = made.await.accepted()["ecosystem"]["id"].clone();
    let input = json!({ "ecosystemId": id, "reason": "unpaid" });
    let closed = stage.admin.mutate(
        "ecosystemSuspend",
        "EcosystemSuspendInput",
        input,
        "ecosystem { id }",
    );
    closed.await.accepted();
}

/// S3.9–S3.14, S3.17: numbers are numbers, times are times of the team's zone, text is text.
#[tokio::test]
async fn a_customer_stands_there_with_plan_and_ecosystem_in_typed_cells() {
    let stage = Stage::new().await;
    let mut ana = customer("Ana", "ana@shop.test");
    ana.phone = Some("+34 600 123 456".into());
    ana.company_name = Some("0042".into());
    let ids = people(&stage, vec![ana, customer("Bea", "bea@shop.test")]).await;
    with_plan(&stage, &ids[0]).await;
    let file = exported(&stage, &stage.admin, "CUSTOMER", json!(null)).await;
    let found = rows(&file);
    let heading: Vec<String> = found[0].iter().map(ToString::to_string).collect();
    assert_eq!(
        heading.join(" | "),
        "Id | First name | Last name | Company email | Phone number | Company name | Tier | Language | Active | \
         Registered (Europe/Madrid) | Ecosystem name | Ecosystem suspended | Plan | Interval | Status | \
         Start (Europe/Madrid) | End (Europe/Madrid) | Encounters | Licences | Licences assigned | \
         Licences available | Licences suspended"
    );
    let ana = &found[1];
    let said: Vec<Data> = [&ana[..9], &ana[10..15]].concat();
    let expected = [
        ids[0].as_str(),
        "Ana",
        "Story",
        "ana@shop.test",
        "+34 600 123 456",
        "0042",
        "Standard",
        "English",
        "No",
        "Casa Ñ",
        "Yes",
        "Plan Pro",
        "Annual",
        "Past due",
    ];
    assert_eq!(said, expected.map(is));
    // Noon in UTC is one o'clock in Madrid, and half past eleven at night is the next day there.
    for (column, serial) in [
        (9, serial(2026, 3, 2, 13.0)),
        (15, serial(2026, 2, 1, 0.5)),
        (16, serial(2027, 2, 1, 0.5)),
    ] {
        let Data::DateTime(at) = &ana[column] else {
            panic!("not a time: {:?}", ana[column])
        };
        assert!(
            (at.as_f64() - serial).abs() < 1e-6,
            "{} is not {serial}",
            at.as_f64()
        );
    }
    let numbers: Vec<Data> = [12.0, 10.0, 4.0, 5.0, 1.0].map(Data::Float).to_vec();
    assert_eq!(ana[17..], numbers);
    // S3.5: the requirement's own words.
    let bea = &found[2];
    assert_eq!((&bea[8], &bea[10]), (&is("Yes"), &is("No complete")));
    assert!(bea[11..].iter().all(|cell| *cell == Data::Empty), "{bea:?}");
    assert_eq!(found.len(), 3);
    stage.end().await;
}

/// S3.17: a heading that stays in sight, a filter over the whole range, and a title.
#[tokio::test]
async fn the_heading_is_frozen_bold_and_filters_everything() {
    let stage = Stage::new().await;
    people(
        &stage,
        vec![lead("Ana", "ana@shop.test"), lead("Bea", "bea@shop.test")],
    )
    .await;
    let file = exported(&stage, &stage.admin, "LEAD", json!({ "role": "MEMBER" })).await;
    let sheet = part(&file, "xl/worksheets/sheet1.xml");
    for needed in [
        "<pane ySplit=\"1\" topLeftCell=\"A2\"",
        "state=\"frozen\"",
        "<autoFilter ref=\"A1:L3\"/>",
    ] {
        assert!(sheet.contains(needed), "{needed} is not in {sheet}");
    }
    assert!(part(&file, "xl/styles.xml").contains("<b/>"));
    let properties = part(&file, "docProps/core.xml");
    assert!(properties.contains("Leads – Aurora") && properties.contains("2026-03-02T12:00:00Z"));
    // Without what only a subscription has.
    let heading: Vec<String> = rows(&file)[0].iter().map(ToString::to_string).collect();
    assert_eq!(heading.len(), 12);
    assert!(
        !heading
            .iter()
            .any(|name| name.contains("Licences") || name == "Plan")
    );
    // The same data are the same bytes.
    let again = exported(&stage, &stage.admin, "LEAD", json!({ "role": "MEMBER" })).await;
    assert!(again == file);
    stage.end().await;
}

/// S3.17: whatever people call themselves, it is text and arrives as they have written it.
#[tokio::test]
async fn hostile_names_are_text_and_nothing_runs() {
    let stage = Stage::new().await;
    let names = [
        "=HYPERLINK(\"http://evil.test\",\"click\")",
        "+34600123456",
        "-1",
        "@cmd|' /C calc'!A0",
        "\t=1+1",
        "\r=1+1",
        "0012",
        "1e5",
        "TRUE",
        "2026-03-02",
        "http://evil.test",
        "<b>&amp;\"'</b>",
        "_x0041_",
        "🦊 Лиса",
        "\u{202e}evil",
        "مرحبا",
        " spaces ",
    ];
    let many: Vec<_> = (names.iter().enumerate())
        .map(|(n, name)| lead(name, &format!("n{n}@shop.test")))
        .collect();
    people(&stage, many).await;
    let endless = "x".repeat(40_000);
    people(
        &stage,
        vec![
            lead(&endless, "long@shop.test"),
            lead("a\u{1}b\u{b}c", "control@shop.test"),
        ],
    )
    .await;
    let file = exported(&stage, &stage.admin, "LEAD", json!({ "role": "MEMBER" })).await;
    let found: Vec<Data> = rows(&file)
        .into_iter()
        .skip(1)
        .map(|row| row[1].clone())
        .collect();
    for (name, cell) in names.iter().zip(&found) {
        assert_eq!(*cell, is(name));
    }
    let cut = found[names.len()].to_string();
    assert!(cut.chars().count() == 32_767 && cut.ends_with("x…"));
    assert_eq!(found[names.len() + 1], is("abc"));
    let formulas = open(&file).worksheet_formula("Leads").expect("a sheet");
    assert!(formulas.is_empty(), "{formulas:?}");
    let sheet = part(&file, "xl/worksheets/sheet1.xml");
    assert!(!sheet.contains("<f>") && !sheet.contains("<hyperlink"));
    stage.end().await;
}

/// S3.17: the filter that is in force is that of the list.
#[tokio::test]
async fn only_whom_the_filter_shows_is_in_it_and_nobody_who_came_later() {
    let stage = Stage::new().await;
    let mut vip = customer("Lucía", "lucia@shop.test");
    vip.tier = entities::CustomerTier::Vip;
    let bea = customer("Bea", "bea@shop.test");
    people(&stage, vec![vip, bea, lead("Lucio", "lucio@shop.test")]).await;
    let names =
        |file: &[u8]| -> Vec<String> { rows(file).iter().skip(1).map(|row| row[1].to_string()).collect() };
    for (segment, filter, expected) in [
        ("CUSTOMER", json!({ "search": "LUCI" }), vec!["Lucía"]),
        (
            "CUSTOMER",
            json!({ "tier": "VIP", "segment": "CUSTOMER" }),
            vec!["Lucía"],
        ),
        ("CUSTOMER", json!({ "hasEcosystem": false }), vec!["Lucía", "Bea"]),
        ("LEAD", json!({ "search": "luci\u{0}" }), vec!["Lucio"]),
    ] {
        let file = exported(&stage, &stage.admin, segment, filter.clone()).await;
        assert_eq!(names(&file), expected, "{segment} {filter}");
    }
    let asked = super::ask(&stage.admin, "CUSTOMER", json!(null)).await.accepted()["export"].clone();
    stage.clock.advance(chrono::TimeDelta::seconds(1));
    people(&stage, vec![customer("Late", "late@shop.test")]).await;
    stage.run_jobs().await;
    let ready = super::seen(&stage.admin, &asked).await;
    let answer = super::get(&super::address(&stage, &ready["downloadUrl"]), &[]).await;
    assert_eq!(names(&answer.bytes().await.expect("a file")), ["Lucía", "Bea"]);
    assert_eq!((&ready["done"], &ready["total"]), (&json!(2), &json!(2)));
    stage.end().await;
}

/// Whoever asks for it reads it in their own language. S3.4: "No complete" is the requirement's own in all of them.
#[tokio::test]
async fn the_headings_and_words_are_in_the_language_of_whoever_asks() {
    let stage = Stage::new().await;
    people(&stage, vec![customer("Ana", "ana@shop.test")]).await;
    for (email, locale, expected) in [
        (
            "es@aurora.test",
            Locale::Es,
            [
                "Clientes",
                "Nombre",
                "Inglés",
                "Sí",
                "No complete",
                "clientes-2026-03-02.xlsx",
            ],
        ),
        (
            "pt@aurora.test",
            Locale::Pt,
            [
                "Clientes",
                "Nome",
                "Inglês",
                "Sim",
                "No complete",
                "clientes-2026-03-02.xlsx",
            ],
        ),
        (
            "en@aurora.test",
            Locale::En,
            [
                "Customers",
                "First name",
                "English",
                "Yes",
                "No complete",
                "customers-2026-03-02.xlsx",
            ],
        ),
    ] {
        let agent = stage
            .staff_speaking(email, entities::UserRole::Agent, locale)
            .await;
        let asked = super::ask(&agent, "CUSTOMER", json!(null)).await.accepted()["export"].clone();
        stage.run_jobs().await;
        let ready = super::seen(&agent, &asked).await;
        assert!(text(&ready["downloadUrl"]).contains(expected[5]));
        let answer = super::get(&super::address(&stage, &ready["downloadUrl"]), &[]).await;
        let file = answer.bytes().await.expect("a file");
        let sheet = open(&file).sheet_names()[0].clone();
        let found = rows(&file);
        let (heading, ana) = (&found[0], &found[1]);
        let said = [&heading[1], &ana[7], &ana[8], &ana[10]].map(ToString::to_string);
        assert_eq!(
            (sheet.as_str(), &said[..]),
            (expected[0], &expected.map(str::to_owned)[1..5])
        );
    }
    // An integration says with each request which one it reads.
    let shop = stage
        .key_with(&["exports.write", "users.read"])
        .await
        .speaking("pt-BR");
    let file = super::exported(&stage, &shop, "CUSTOMER", json!(null)).await;
    assert_eq!(rows(&file)[0][1].to_string(), "Nome");
    stage.end().await;
}
