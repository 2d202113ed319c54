//! What customers read, and what no customer's name can do to it.

use super::*;

fn brand() -> Brand {
    Brand {
        team: "Editorial Aurora".to_owned(),
        support_address: "ayuda@aurora.example".to_owned(),
        zone: Tz::America__Sao_Paulo,
    }
}

fn facts(locale: Locale) -> RefundFacts {
    RefundFacts {
        locale,
        customer: "Lucía Fernández".to_owned(),
        product: "Cocina de mercado".to_owned(),
        amount: Money::new(1250, entities::Currency::EUR),
        at: "2026-11-20T12:00:00Z".parse().expect("a time"),
        number: "refund_01h2xcejqtf2nbrexx3vqjhp41".to_owned(),
        gateway: PaymentGateway::Stripe,
        access: AccessAfter::Ended,
    }
}

fn every(of: impl Fn(Locale) -> RefundFacts) -> Vec<MailContent> {
    let failed = |locale| RefundFacts {
        access: AccessAfter::Restored,
        ..of(locale)
    };
    let succeeded = |locale| RefundFacts {
        access: AccessAfter::Untold,
        ..of(locale)
    };
    let in_one = |&locale: &Locale| {
        [
            MailContent::RefundRequested(of(locale)),
            MailContent::RefundSucceeded(succeeded(locale)),
            MailContent::RefundFailed(failed(locale)),
        ]
    };
    Locale::ALL.iter().flat_map(in_one).collect()
}

/// Everything that is opened is closed, in order; nothing is loaded or run.
fn assert_well_formed(html: &str) {
    let visible = without_comments(html);
    let mut open: Vec<String> = Vec::new();
    let mut rest = visible.as_str();
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').expect("a tag ends");
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        assert!(!name.is_empty() || tag.starts_with('!'), "a bare < before {tag}");
        assert!(
            !["script", "img", "link", "iframe", "base"].contains(&name.as_str()),
            "{tag}"
        );
        if tag.starts_with('/') {
            assert_eq!(open.pop().as_deref(), Some(name.as_str()), "closing {tag}");
        } else if !tag.starts_with('!') && !tag.ends_with('/') && !["meta", "br"].contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    for bad in ["url(", "@import", "{{", "{%"] {
        assert!(!html.contains(bad), "{bad}");
    }
}

fn without_comments(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<!--") {
        text.push_str(&rest[..start]);
        rest = &rest[start + rest[start..].find("-->").expect("a comment ends") + 3..];
    }
    text + rest
}

#[test]
fn subjects_and_plain_texts_read_well() {
    for mail in every(facts) {
        let composed = compose(&mail, &brand()).expect("a mail");
        assert_well_formed(&composed.html);
        let name = format!("{}-{}", mail.template(), language::tag_of(mail.locale()));
        insta::assert_snapshot!(
            name,
            format!("Subject: {}\n\n{}", composed.subject, composed.plain)
        );
    }
}

#[test]
fn mercado_pago_is_told_by_the_way_of_paying() {
    for &locale in Locale::ALL {
        let facts = RefundFacts {
            gateway: PaymentGateway::MercadoPago,
            amount: Money::new(123_490, entities::Currency::BRL),
            access: AccessAfter::Kept,
            ..facts(locale)
        };
        let mail = compose(&MailContent::RefundSucceeded(facts), &brand()).expect("a mail");
        assert!(
            mail.plain.contains("Pix") && mail.plain.contains("16"),
            "{}",
            mail.plain
        );
        insta::assert_snapshot!(format!("mercado-pago-{}", language::tag_of(locale)), mail.plain);
    }
}

#[test]
fn a_name_breaks_neither_the_html_nor_the_headers() {
    for name in [
        "<b>Ana & Co</b>",
        "Ana\r\nBcc: everybody@example.com",
        "</mj-text><mj-raw><script>alert(1)</script></mj-raw>",
        "\"><img src=x onerror=alert(1)>",
        "{{ 7 * 7 }} {% include 'x' %} { $amount }",
        "]]> --> <!-- <![CDATA[",
        "&amp; &lt;b&gt; &#0;",
        "\0\u{7}\u{202e}evil\u{2066}",
    ] {
        let named = |locale| RefundFacts {
            customer: name.to_owned(),
            product: name.to_owned(),
            ..facts(locale)
        };
        let brand = Brand {
            team: name.to_owned(),
            ..brand()
        };
        for mail in every(named) {
            let composed = compose(&mail, &brand).expect("a mail");
            assert_well_formed(&composed.html.replace("{{", "").replace("{%", ""));
            assert!(
                !composed.subject.contains(|c: char| c.is_control()),
                "{:?}",
                composed.subject
            );
            assert!(!composed.plain.contains(['\r', '\0', '\u{202e}', '\u{2066}']));
            assert!(!composed.plain.contains("\nBcc"));
        }
    }
}

#[test]
fn what_a_person_typed_is_shown_as_typed() {
    for (name, in_html) in [
        ("<b>Ana & Co</b>", "&lt;b&gt;Ana &amp; Co&lt;&#x2f;b&gt;"),
        ("ليلى حسن", "ليلى حسن"),
        ("דנה כהן", "דנה כהן"),
        ("Zoë 👩‍👩‍👧 🇧🇷", "Zoë 👩‍👩‍👧 🇧🇷"),
    ] {
        let facts = RefundFacts {
            customer: name.to_owned(),
            product: name.to_owned(),
            ..facts(Locale::En)
        };
        let mail = compose(&MailContent::RefundRequested(facts), &brand()).expect("a mail");
        assert!(mail.html.contains(in_html), "{name}: {}", mail.html);
        assert!(
            mail.plain.starts_with(&format!("Hello {name},\n")),
            "{}",
            mail.plain
        );
        assert!(mail.subject.contains(name));
    }
}

#[test]
fn an_endless_name_is_cut_and_a_missing_one_is_left_out() {
    assert_eq!(one_line(&"á".repeat(200), 80).chars().count(), 80);
    assert_eq!(one_line("👩‍👩‍👧", 3), "👩…");
    assert_eq!(one_line(" a \t\n b\u{a0}c ", 80), "a b\u{a0}c");
    let nameless = RefundFacts {
        customer: " \n".to_owned(),
        ..facts(Locale::Pt)
    };
    let mail = compose(&MailContent::RefundFailed(nameless), &brand()).expect("a mail");
    assert!(mail.plain.starts_with("Olá!\n"));
}
