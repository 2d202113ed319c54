//! What the demo team sells.

/// One product. Its external id names it in the demo's other tables.
pub struct Article {
    pub external_id: &'static str,
    pub name: &'static str,
    /// In minor units of the euro.
    pub price: i64,
    pub active: bool,
    pub grace_days: i64,
}

const fn article(
    external_id: &'static str,
    name: &'static str,
    price: i64,
    active: bool,
    grace_days: i64,
) -> Article {
    Article {
        external_id,
        name,
        price,
        active,
        grace_days,
    }
}

pub const BOOKS_AND_COURSES: &[Article] = &[
    article("libro-faro", "El faro de las horas", 2990, true, 0),
    article("libro-mapa", "Mapa de los días quietos", 1890, true, 0),
    article("libro-sal", "La sal y la memoria", 2190, true, 0),
    article("livro-mare", "A maré que volta", 2450, true, 0),
    article("livro-rua", "Rua das Amoreiras", 1990, true, 0),
    article("book-harbour", "The Harbour Keeper", 2290, true, 0),
    article("book-winter", "A Winter in Aurora", 1790, true, 0),
    article("libro-oficio", "El oficio de editar", 3490, true, 0),
    article("curso-escritura", "Curso de escritura creativa", 12_900, true, 7),
    article(
        "curso-correccion",
        "Curso de corrección profesional",
        14_900,
        true,
        7,
    ),
    article("curso-edicao", "Curso de edição de texto", 11_900, true, 10),
    article("course-editing", "Editing Masterclass", 15_900, true, 14),
    article("libro-atlas", "Atlas de bibliotecas perdidas", 4590, false, 0),
];

pub const PLANS: &[Article] = &[
    article("plan-esencial", "Plan Esencial", 1900, true, 5),
    article("plan-profesional", "Plan Profesional", 4900, true, 7),
    article("plan-editorial", "Plan Editorial", 19_900, true, 15),
];

pub fn all() -> impl Iterator<Item = &'static Article> {
    BOOKS_AND_COURSES.iter().chain(PLANS)
}
