//! Words that people, companies and products are named with, in three languages.

use entities::Locale;

pub struct Names {
    pub locale: Locale,
    pub first: &'static [&'static str],
    pub last: &'static [&'static str],
    pub company: &'static [&'static str],
    /// The country's code, and how many digits follow it.
    pub phones: &'static [(&'static str, u32)],
}

#[rustfmt::skip]
pub const SPANISH: Names = Names {
    locale: Locale::Es,
    first: &[
        "Lucía", "Mateo", "Sofía", "Martín", "Valentina", "Santiago", "Camila", "Sebastián", "Ángela", "Nicolás", "Carmen",
        "Javier", "Ximena", "Andrés", "Rocío", "Íñigo", "Belén", "Joaquín", "Núria", "Óscar", "Pilar", "Gonzalo", "Inés",
        "Raúl", "Ainhoa", "Emiliano", "Renata", "Facundo", "Marisol", "Tomás", "Begoña", "Hernán", "Elena", "Iván", "Paloma",
    ],
    last: &[
        "García", "Fernández", "Rodríguez", "López", "Martínez", "Sánchez", "Pérez", "Gómez", "Núñez", "Jiménez", "Ruiz",
        "Hernández", "Díaz", "Moreno", "Muñoz", "Álvarez", "Romero", "Gutiérrez", "Navarro", "Torres", "Domínguez", "Vázquez",
        "Ramos", "Castro", "Ortega", "Ibáñez", "Quiroga", "Salazar", "Zúñiga", "Peña", "Cifuentes", "Arriaga", "Echeverría",
    ],
    company: &["Librería", "Editorial", "Academia", "Colegio", "Talleres", "Grupo", "Ediciones", "Imprenta"],
    phones: &[("+34", 9), ("+52", 10), ("+54", 10), ("+57", 10), ("+56", 9)],
};

#[rustfmt::skip]
pub const PORTUGUESE: Names = Names {
    locale: Locale::Pt,
    first: &[
        "Beatriz", "João", "Inês", "Thiago", "Mariana", "Rafael", "Larissa", "Gustavo", "Joana", "Duarte", "Catarina", "Caio",
        "Luísa", "Otávio", "Letícia", "Vinícius", "Marta", "Bruno", "Conceição", "Tiago", "Débora", "Antônio", "Sílvia", "Nuno",
    ],
    last: &[
        "Silva", "Santos", "Oliveira", "Souza", "Carvalho", "Monteiro", "Teixeira", "Nogueira", "Figueiredo", "Albuquerque",
        "Ribeiro", "Lacerda", "Sampaio", "Brandão", "Guimarães", "Conceição", "Magalhães", "Assunção", "Antunes", "Prates",
    ],
    company: &["Livraria", "Editora", "Instituto", "Escola", "Oficina", "Casa"],
    phones: &[("+55", 11), ("+351", 9)],
};

#[rustfmt::skip]
pub const ENGLISH: Names = Names {
    locale: Locale::En,
    first: &[
        "Oliver", "Charlotte", "Samuel", "Amelia", "Henry", "Grace", "Benjamin", "Eleanor", "Isla", "Noah", "Sophie", "Ethan",
        "Ruby", "Liam", "Chloe", "George", "Hannah", "Zoë", "Freya", "Arthur", "Maeve", "Theo", "Naomi", "Declan",
    ],
    last: &[
        "Whitmore", "Bennett", "Okafor", "Sutherland", "Caldwell", "O'Sullivan", "Hughes", "Carter", "MacLeod", "Fitzgerald",
        "Ashworth", "Brennan", "Achebe", "Park", "Lindqvist", "Weiss", "Harrington", "Patel", "Nguyen", "Brontë", "Singh",
    ],
    company: &["Books", "Press", "Academy", "School", "Publishing", "Learning"],
    phones: &[("+44", 10), ("+1", 10), ("+353", 9)],
};

pub const TOPICS: &[&str] = &[
    "el mar",
    "la memoria",
    "a edição",
    "a cidade",
    "the harbour",
    "the winter",
    "los mapas",
    "la luz",
    "o rio",
    "as palavras",
    "the garden",
    "the archive",
    "el oficio",
    "las horas",
    "a maré",
    "the letters",
    "los faros",
    "la tinta",
    "o silêncio",
    "the islands",
];

pub const FORMS: &[&str] = &[
    "Historia de",
    "Curso sobre",
    "Guía de",
    "Cuaderno de",
    "Introdução a",
    "Atlas de",
    "Notes on",
    "Masterclass:",
    "Antología de",
    "Ensayos sobre",
];
