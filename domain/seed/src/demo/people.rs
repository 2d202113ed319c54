//! The demo team's customers and leads: who they are and where they work.

use entities::{
    CustomerTier::{self, Enterprise, Premium, Standard, Vip},
    Locale::{self, En, Es, Pt},
};

/// One person. The part of the address before the `@` names them in the demo's other tables.
pub struct Person {
    pub first: &'static str,
    pub last: &'static str,
    pub email: &'static str,
    pub phone: &'static str,
    pub company: &'static str,
    pub locale: Locale,
    pub tier: CustomerTier,
}

impl Person {
    pub fn key(&self) -> &'static str {
        self.email.split('@').next().unwrap_or(self.email)
    }
}

type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Locale,
    CustomerTier,
);

const fn person((first, last, email, phone, company, locale, tier): Row) -> Person {
    Person {
        first,
        last,
        email,
        phone,
        company,
        locale,
        tier,
    }
}

macro_rules! people {
    ($($row:expr),* $(,)?) => { &[$(person($row)),*] };
}

/// They have bought a subscription.
#[rustfmt::skip]
pub const CUSTOMERS: &[Person] = people![
    ("Lucía", "Fernández", "lucia.fernandez@libreriacervantes.example", "+34 612 345 678", "Librería Cervantes", Es, Standard),
    ("Mateo", "Hernández Ruiz", "mateo.hernandez@papelytinta.example", "+52 55 1234 5678", "Papel y Tinta", Es, Premium),
    ("Beatriz", "Carvalho", "beatriz.carvalho@letrasdolitoral.example", "+55 11 91234-5678", "Letras do Litoral", Pt, Vip),
    ("Oliver", "Whitmore", "oliver.whitmore@harbourpress.example", "+1 (415) 555-0134", "Harbour Press", En, Enterprise),
    ("Javier", "Ortega Molina", "javier.ortega@talleresortega.example", "+34 655 210 987", "Talleres Ortega", Es, Standard),
    ("Valentina", "Giménez", "valentina.gimenez@edicionesdelplata.example", "+54 11 4321-0987", "Ediciones del Plata", Es, Premium),
    ("Rafael", "Monteiro", "rafael.monteiro@oficinadaspalavras.example", "+55 21 99876-5432", "Oficina das Palavras", Pt, Standard),
    ("Charlotte", "Bennett", "charlotte.bennett@northlightbooks.example", "+44 20 7946 0018", "Northlight Books", En, Vip),
    ("Carmen", "Iglesias Prado", "carmen.iglesias@colegioalameda.example", "+34 699 001 122", "Colegio La Alameda", Es, Enterprise),
    ("Diego", "Salazar", "diego.salazar@lecturasandinas.example", "+57 310 555 7788", "Lecturas Andinas", Es, Standard),
    ("Inês", "Teixeira", "ines.teixeira@casadoautor.example", "+351 912 345 678", "Casa do Autor", Pt, Premium),
    ("Samuel", "Okafor", "samuel.okafor@brightpages.example", "+44 7700 900321", "Bright Pages", En, Standard),
    ("Ángela", "Núñez Castro", "angela.nunez@nubedepapel.example", "+34 600 100 200", "Nube de Papel", Es, Vip),
    ("Emiliano", "Cruz Ávila", "emiliano.cruz@vocesdelvalle.example", "+52 33 3344 5566", "Voces del Valle", Es, Standard),
    ("Thiago", "Albuquerque", "thiago.albuquerque@norteeditora.example", "+55 81 98888-1122", "Norte Editora", Pt, Standard),
    ("Amelia", "Sutherland", "amelia.sutherland@glenread.example", "+44 131 496 0777", "Glenread Ltd", En, Premium),
    ("Marina", "Vidal Serra", "marina.vidal@llibresvidal.example", "+34 633 456 001", "Llibres Vidal", Es, Standard),
    ("Facundo", "Pereyra", "facundo.pereyra@rioabierto.example", "+54 351 555 0190", "Río Abierto", Es, Premium),
    ("Joana", "Figueiredo", "joana.figueiredo@maresia.example", "+351 933 221 100", "Maresia Livros", Pt, Standard),
    ("Henry", "Caldwell", "henry.caldwell@oldmillpublishing.example", "+1 (212) 555-0177", "Old Mill Publishing", En, Enterprise),
    ("Rocío", "Benítez", "rocio.benitez@aulaviva.example", "+34 644 777 321", "Aula Viva", Es, Standard),
    ("Sebastián", "Muñoz Lagos", "sebastian.munoz@surlector.example", "+56 9 8765 4321", "Sur Lector", Es, Vip),
    ("Larissa", "Nogueira", "larissa.nogueira@estantenova.example", "+55 31 97777-3344", "Estante Nova", Pt, Premium),
    ("Grace", "O'Sullivan", "grace.osullivan@riversideread.example", "+353 86 555 0142", "Riverside Reading", En, Standard),
    ("Pablo", "Quintana", "pablo.quintana@imprentanorte.example", "+34 677 818 919", "Imprenta Norte", Es, Standard),
    ("Ximena", "Robles Tapia", "ximena.robles@cuentossinfin.example", "+52 81 8123 4567", "Cuentos Sin Fin", Es, Standard),
    ("Gustavo", "Ribeiro", "gustavo.ribeiro@pontoevirgula.example", "+55 41 96666-7788", "Ponto e Vírgula", Pt, Standard),
    ("Eleanor", "Hughes", "eleanor.hughes@foxglovepress.example", "+44 29 2018 0455", "Foxglove Press", En, Premium),
    ("Nuria", "Campos Rey", "nuria.campos@escuelaletras.example", "+34 622 334 455", "Escuela de Letras", Es, Enterprise),
    ("Tomás", "Arriaga", "tomas.arriaga@elfarolibros.example", "+598 94 123 456", "El Faro Libros", Es, Standard),
    ("Mariana", "Lacerda", "mariana.lacerda@jardimdeletras.example", "+55 51 95555-9900", "Jardim de Letras", Pt, Standard),
    ("Benjamin", "Carter", "benjamin.carter@summitlearning.example", "+1 (312) 555-0109", "Summit Learning", En, Standard),
    ("Elena", "Garrido Sanz", "elena.garrido@bibliored.example", "+34 611 909 808", "BiblioRed", Es, Premium),
    ("Andrés", "Villalobos", "andres.villalobos@paginasvivas.example", "+506 8888 4321", "Páginas Vivas", Es, Standard),
    ("Duarte", "Sampaio", "duarte.sampaio@livrosdotejo.example", "+351 965 432 109", "Livros do Tejo", Pt, Vip),
    ("Isla", "MacLeod", "isla.macleod@highlandletters.example", "+44 1463 555 020", "Highland Letters", En, Standard),
    ("Alba", "Redondo", "alba.redondo@tintafresca.example", "+34 688 121 314", "Tinta Fresca", Es, Standard),
    ("Renata", "Echeverría", "renata.echeverria@lecturaviva.example", "+52 22 2233 4455", "Lectura Viva", Es, Standard),
    ("Caio", "Brandão", "caio.brandao@folhasoltas.example", "+55 61 94444-5566", "Folhas Soltas", Pt, Standard),
    ("Sophie", "Lambert", "sophie.lambert@quayside.example", "+44 191 498 0333", "Quayside Editions", En, Premium),
    ("Hugo", "Marín Esteban", "hugo.marin@marinasesores.example", "+34 655 006 007", "Marín Asesores", Es, Standard),
    ("Camila", "Rojas Peña", "camila.rojas@editorialcanelo.example", "+56 2 2345 6789", "Editorial Canelo", Es, Premium),
    ("Sofia", "Antunes", "sofia.antunes@entrelinhas.example", "+351 927 654 321", "Entrelinhas", Pt, Standard),
    ("Noah", "Fitzgerald", "noah.fitzgerald@cedarlane.example", "+1 (617) 555-0163", "Cedar Lane Books", En, Standard),
];

/// They have not bought a subscription yet.
#[rustfmt::skip]
pub const LEADS: &[Person] = people![
    ("Irene", "Lozano", "irene.lozano@veredalibros.example", "+34 610 222 333", "Vereda Libros", Es, Standard),
    ("Álvaro", "Peñalver", "alvaro.penalver@academiasol.example", "+34 616 444 555", "Academia Sol", Es, Standard),
    ("Daniela", "Zúñiga", "daniela.zuniga@tresmundos.example", "+52 55 8765 4321", "Tres Mundos", Es, Standard),
    ("Martín", "Acosta", "martin.acosta@librosdelsur.example", "+54 261 555 0111", "Libros del Sur", Es, Premium),
    ("Paula", "Espinosa", "paula.espinosa@aulaabierta.example", "+57 301 555 2211", "Aula Abierta", Es, Standard),
    ("Ignacio", "Bravo Tello", "ignacio.bravo@bravotello.example", "+34 620 111 999", "Bravo y Tello", Es, Standard),
    ("Florencia", "Maldonado", "florencia.maldonado@lacasaazul.example", "+54 11 5555 0199", "La Casa Azul", Es, Standard),
    ("Jorge", "Cifuentes", "jorge.cifuentes@papelnoble.example", "+502 5555 4444", "Papel Noble", Es, Standard),
    ("Vera", "Lúcia Prates", "vera.prates@sertaoeditorial.example", "+55 71 93333-2211", "Sertão Editorial", Pt, Standard),
    ("Bruno", "Guimarães", "bruno.guimaraes@leiamais.example", "+55 85 92222-4433", "Leia Mais", Pt, Standard),
    ("Catarina", "Lopes", "catarina.lopes@livrariafado.example", "+351 918 777 666", "Livraria Fado", Pt, Standard),
    ("Otávio", "Pacheco", "otavio.pacheco@campusabc.example", "+55 19 91111-8877", "Campus ABC", Pt, Premium),
    ("Marta", "Vasconcelos", "marta.vasconcelos@azulejo.example", "+351 936 000 111", "Azulejo Edições", Pt, Standard),
    ("Ruby", "Ashworth", "ruby.ashworth@millstone.example", "+44 161 496 0222", "Millstone Academy", En, Standard),
    ("Ethan", "Delgado", "ethan.delgado@westlake.example", "+1 (213) 555-0188", "Westlake School", En, Standard),
    ("Freya", "Lindqvist", "freya.lindqvist@nordicreaders.example", "+46 70 555 01 23", "Nordic Readers", En, Standard),
    ("Liam", "Brennan", "liam.brennan@brennanbooks.example", "+353 87 555 0198", "Brennan Books", En, Standard),
    ("Chloe", "Park", "chloe.park@openshelf.example", "+1 (206) 555-0155", "Open Shelf", En, Premium),
    ("George", "Achebe", "george.achebe@savannahink.example", "+44 7700 900456", "Savannah Ink", En, Standard),
    ("Hannah", "Weiss", "hannah.weiss@lindenhaus.example", "+49 151 5555 0123", "Lindenhaus", En, Standard),
];
