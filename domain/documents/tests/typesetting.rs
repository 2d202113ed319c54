//! Documents as they come out: readable, complete, to the standard, and the same each time.

use std::{fs, path::Path};

use documents::{Document, Typesetter};
use serde_json::{Value, json};

const INVOICE: &str = include_str!("../../templates/documents/invoice.typ");

fn invoice(lines: usize) -> Value {
    let line = |n: usize| {
        json!({
            "description": format!("Línea {n}: suscripción mensual, con acceso a todos los títulos"), "quantity": "1",
            "price": "1.234,56 €", "tax": "21 %", "amount": "1.234,56 €",
        })
    };
    json!({
        "language": "es", "fonts": ["Libertinus Serif"], "title": "Factura INV-2026-000123", "heading": "Factura",
        "number": "INV-2026-000123", "status": "PAGADA", "accent": "#1a5fb4", "logo": null,
        "issuer": { "name": "Casa Editorial Ñandú", "lines": ["Calle Mayor 1", "28013 Madrid", "NIF B12345678"] },
        "customer": { "label": "Facturar a", "name": "Łukasz Żółć · Μαρία · Мария · משה", "lines": ["Gran Vía 2"] },
        "facts": [{ "label": "Fecha", "value": "2 de marzo de 2026" }, { "label": "Vence", "value": "1 de abril de 2026" }],
        "columns": ["Descripción", "Cantidad", "Precio", "IVA", "Importe"],
        "lines": (1..=lines).map(line).collect::<Vec<_>>(),
        "totals": [
            { "label": "Base", "value": "1.020,30 €", "strong": false }, { "label": "IVA 21 %", "value": "214,26 €", "strong": false },
            { "label": "Total", "value": "1.234,56 €", "strong": true },
        ],
        "notes": { "label": "Notas", "text": "Gracias por su confianza." },
        "footer": "Casa Editorial Ñandú · soporte@nandu.example", "page": "Página {page} de {pages}",
    })
}

fn typeset(typesetter: &Typesetter, data: &Value) -> documents::Typeset {
    let document = Document {
        template: INVOICE,
        data,
        images: &[],
        date: (2026, 3, 2),
    };
    typesetter.pdf(&document).expect("a document")
}

#[test]
fn an_invoice_is_to_the_standard_and_the_same_each_time() {
    let typesetter = Typesetter::new(None);
    let first = typeset(&typesetter, &invoice(3));
    assert_eq!(first.warnings, Vec::<String>::new());
    assert!(first.unprintable.is_empty(), "{:?}", first.unprintable);
    let text = String::from_utf8_lossy(&first.pdf);
    for mark in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "<pdfuaid:part>1</pdfuaid:part>",
    ] {
        assert!(text.contains(mark), "{mark}");
    }
    assert_eq!(first.pdf, typeset(&Typesetter::new(None), &invoice(3)).pdf);
}

/// A folder of fonts brings what is missing; without it a question mark stands for the character, and it is said.
#[test]
fn what_no_font_has_is_named() {
    let typesetter = Typesetter::new(None);
    let mut data = invoice(1);
    data["customer"]["name"] = json!("王小明 Ana\u{7}");
    let typeset = typeset(&typesetter, &data);
    assert_eq!(typeset.unprintable.iter().collect::<String>(), "小明王");
    assert_eq!(
        typeset.warnings,
        Vec::<String>::new(),
        "and it is to the standard none the less"
    );
}

/// What lies in the folder and is no font does no harm, nor does a folder that is not there.
#[test]
fn a_folder_of_fonts_may_hold_anything() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("deeper")).expect("a folder");
    fs::write(folder.path().join("deeper/broken.ttf"), b"\0\x01\0\0no font").expect("a file");
    fs::write(folder.path().join("readme.txt"), "fonts").expect("a file");
    let builtin: Vec<String> = Typesetter::new(None).families().map(str::to_owned).collect();
    for folder in [folder.path(), Path::new("/nowhere")] {
        assert_eq!(
            Typesetter::new(Some(folder)).families().collect::<Vec<_>>(),
            builtin
        );
    }
}

/// What people write is text: it is never run, and a word without an end does not run out of the page.
#[test]
fn what_people_write_is_text() {
    let typesetter = Typesetter::new(None);
    let mut data = invoice(1);
    data["lines"][0]["description"] = json!("#panic(\"no\") $x^2$ *bold* \\ <b>");
    data["customer"]["name"] = json!("a".repeat(300));
    data["notes"]["text"] = json!("one\ntwo\u{202e}three");
    let typeset = typeset(&typesetter, &data);
    assert_eq!(typeset.warnings, Vec::<String>::new());
}

/// A template sees nothing but what it was given.
#[test]
fn a_template_reads_no_files() {
    let typesetter = Typesetter::new(None);
    for template in [
        "#read(\"/etc/hostname\")",
        "#image(\"other.png\")",
        "#import \"@preview/cetz:0.3.0\"",
        "#datetime.today()",
        "#(",
    ] {
        let document = Document {
            template,
            data: &Value::Null,
            images: &[],
            date: (2026, 3, 2),
        };
        assert!(typesetter.pdf(&document).is_err(), "{template}");
    }
}
