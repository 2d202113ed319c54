//! The sales that the README names: one for each thing that one may want to try.

use entities::{
    PaymentGateway::{self, Manual, MercadoPago, Paypal, Stripe},
    PurchaseKind::{Prepaid, Recurring, Retail},
    RefundReason,
};

use super::sale::{Access, Ended, Gift, Paid, Sale};

/// Lucía Fernández's book: 29.90 EUR through Stripe, 12 % read, refundable. The id is the same in every
/// installation with the demo.
pub const ORDER_DEMO_1: &str = "purchase_01kdvdna00e6rtt0jrgkvqae77";

/// All of them, in the order of the README.
pub fn sales() -> Vec<Sale> {
    let sale = Sale::new;
    let mut sales = to_try(sale);
    sales.extend(finished(sale));
    sales
}

type Make = fn(&'static str, &'static str, &'static str, (PaymentGateway, i64, &'static str), i64) -> Sale;

/// Those on which a refund can be tried, or is refused.
fn to_try(sale: Make) -> Vec<Sale> {
    vec![
        sale(
            "order-demo-1",
            "lucia.fernandez",
            "libro-faro",
            (Stripe, 2990, "EUR"),
            9,
        )
        .read(12.0, 4),
        // The same at MercadoPago.
        sale(
            "order-demo-2",
            "mateo.hernandez",
            "curso-escritura",
            (MercadoPago, 249_900, "MXN"),
            6,
        )
        .read(8.5, 2),
        // S0.45: paid twice.
        sale(
            "order-demo-3",
            "javier.ortega",
            "libro-oficio",
            (Stripe, 3490, "EUR"),
            4,
        )
        .read(21.0, 3),
        sale(
            "order-demo-4",
            "javier.ortega",
            "libro-oficio",
            (Stripe, 3490, "EUR"),
            4,
        ),
        // S0.43: more than half read.
        sale(
            "order-demo-5",
            "charlotte.bennett",
            "book-harbour",
            (Stripe, 2490, "USD"),
            20,
        )
        .read(71.5, 11),
        // S0.37: an agreement to pause.
        sale(
            "order-demo-6",
            "carmen.iglesias",
            "curso-correccion",
            (Stripe, 14_900, "EUR"),
            12,
        )
        .agreed()
        .read(5.0, 1),
        sale(
            "order-demo-7",
            "rafael.monteiro",
            "curso-edicao",
            (MercadoPago, 69_900, "BRL"),
            10,
        )
        .agreed(),
        // S0.28: canceled recently, and too long ago.
        sale(
            "order-demo-8",
            "ines.teixeira",
            "livro-mare",
            (Stripe, 2450, "EUR"),
            40,
        )
        .paid(Paid::Canceled(10)),
        sale(
            "order-demo-9",
            "samuel.okafor",
            "book-winter",
            (Stripe, 1990, "USD"),
            120,
        )
        .paid(Paid::Canceled(75)),
        // S0.26, S0.27: not of the kinds and gateways that can be refunded.
        sale(
            "order-demo-10",
            "angela.nunez",
            "plan-profesional",
            (Stripe, 4900, "EUR"),
            25,
        )
        .kind(Recurring, Access::Until(5))
        .agreed(),
        sale(
            "order-demo-11",
            "emiliano.cruz",
            "curso-escritura",
            (MercadoPago, 229_900, "MXN"),
            200,
        )
        .kind(Prepaid, Access::Until(165))
        .read(34.0, 9),
        sale(
            "order-demo-12",
            "marina.vidal",
            "libro-sal",
            (Manual, 2190, "EUR"),
            33,
        )
        .kind(Retail, Access::ForLife),
        sale(
            "order-demo-13",
            "eleanor.hughes",
            "course-editing",
            (Paypal, 16_900, "USD"),
            15,
        )
        .read(17.0, 2),
        // Not paid yet; and never opened (S0.20, S0.21).
        sale(
            "order-demo-14",
            "facundo.pereyra",
            "libro-mapa",
            (MercadoPago, 1_890_000, "ARS"),
            1,
        )
        .paid(Paid::Pending),
        sale(
            "order-demo-15",
            "rocio.benitez",
            "curso-correccion",
            (Stripe, 14_900, "EUR"),
            18,
        ),
        // Reading now (S0.16).
        sale(
            "order-demo-16",
            "nuria.campos",
            "libro-faro",
            (Stripe, 2990, "EUR"),
            5,
        )
        .read(44.0, 5),
        // Grace, and expired.
        sale(
            "order-demo-17",
            "henry.caldwell",
            "course-editing",
            (Stripe, 16_900, "USD"),
            369,
        )
        .kind(Prepaid, Access::Until(-4))
        .read(88.0, 24),
        sale(
            "order-demo-18",
            "valentina.gimenez",
            "curso-escritura",
            (MercadoPago, 9_900_000, "ARS"),
            420,
        )
        .kind(Prepaid, Access::Until(-55))
        .read(100.0, 30),
    ]
}

/// Those whose refunds have come to their end.
fn finished(sale: Make) -> Vec<Sale> {
    use RefundReason::{Fraudulent, Other, RequestedByCustomer};
    vec![
        sale(
            "order-demo-19",
            "amelia.sutherland",
            "book-harbour",
            (Stripe, 2490, "USD"),
            30,
        )
        .read(6.0, 1)
        .refunded(Ended::Succeeded, RequestedByCustomer, 24),
        sale(
            "order-demo-20",
            "larissa.nogueira",
            "curso-edicao",
            (MercadoPago, 69_900, "BRL"),
            45,
        )
        .read(28.0, 5)
        .refunded(Ended::Succeeded, Other, 31)
        .noted(
            "Dois módulos ficaram indisponíveis: devolvemos a parte deles.",
            Some(20_000),
        ),
        sale(
            "order-demo-21",
            "sebastian.munoz",
            "libro-mapa",
            (Stripe, 1890, "EUR"),
            26,
        )
        .refunded(Ended::Failed, RequestedByCustomer, 13),
        sale(
            "order-demo-22",
            "duarte.sampaio",
            "livro-rua",
            (Stripe, 1990, "EUR"),
            38,
        )
        .read(3.0, 1)
        .refunded(Ended::Reversed, RequestedByCustomer, 29),
        sale(
            "order-demo-23",
            "benjamin.carter",
            "book-winter",
            (Stripe, 1990, "USD"),
            22,
        )
        .refunded(Ended::Succeeded, Fraudulent, 19),
        // Given back by the store itself.
        sale(
            "order-demo-24",
            "alba.redondo",
            "libro-sal",
            (Stripe, 2190, "EUR"),
            64,
        )
        .paid(Paid::GivenBack(60)),
    ]
}

/// Access in every state.
pub const GIFTS: &[Gift] = &[
    Gift {
        person: "oliver.whitmore",
        product: "course-editing",
        starts: 12,
        ends: Some(377),
        revoked: None,
    },
    Gift {
        person: "elena.garrido",
        product: "libro-oficio",
        starts: -90,
        ends: None,
        revoked: None,
    },
    Gift {
        person: "isla.macleod",
        product: "book-harbour",
        starts: -60,
        ends: Some(30),
        revoked: None,
    },
    Gift {
        person: "irene.lozano",
        product: "libro-faro",
        starts: -20,
        ends: Some(10),
        revoked: None,
    },
    Gift {
        person: "bruno.guimaraes",
        product: "livro-mare",
        starts: -45,
        ends: Some(-15),
        revoked: None,
    },
    Gift {
        person: "hugo.marin",
        product: "curso-correccion",
        starts: -150,
        ends: Some(215),
        revoked: Some((40, "El alumno pidió cambiar de curso.")),
    },
    Gift {
        person: "catarina.lopes",
        product: "curso-edicao",
        starts: -371,
        ends: Some(-6),
        revoked: None,
    },
];
