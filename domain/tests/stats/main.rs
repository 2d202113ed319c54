//! What customers read, from the devices' reports to the figures, on a real database.

mod house;

use chrono::TimeDelta;
use domain::{
    Denied, Error, UserErrorCode,
    actor::Actor,
    database::Sql,
    page::PageArgs,
    stats::{self, ReadingOf, Recorded, SessionReport, rules},
    values,
};
use entities::UserRole;

use house::{House, as_user, person, team};

fn paths(recorded: &Recorded) -> Vec<(String, UserErrorCode)> {
    let refusals = recorded.refusals.iter();
    refusals
        .map(|refusal| (refusal.field.join("."), refusal.code))
        .collect()
}

#[tokio::test]
async fn s0_24_the_same_session_reported_again_counts_once() {
    let house = House::open("again").await;
    house.record(vec![house.session("a", -60, 10, 5.0)]).await;
    assert_eq!(house.figures().await, (1, 600));
    // It goes on; an old report comes late; the last is sent twice in one batch.
    house.record(vec![house.session("a", -60, 30, 20.0)]).await;
    house.record(vec![house.session("a", -60, 10, 5.0)]).await;
    let last = house.session("a", -60, 45, 30.0);
    let recorded = house.record(vec![last.clone(), last]).await;
    assert_eq!((recorded.recorded, recorded.refusals.len()), (1, 0));
    assert_eq!(house.figures().await, (1, 45 * 60));
    let read = stats::title(&house.app, &house.store, house.reading_of(house.ana), house.book)
        .await
        .expect("a title")
        .expect("read");
    assert_eq!(
        (read.sessions, read.seconds, read.percent_read),
        (1, 45 * 60, 30.0)
    );
    assert_eq!(
        (read.first_read_at, read.last_read_at),
        (house.at(-60), house.at(-15))
    );
    assert_eq!(house.audits("stats.recorded").await, 4);
}

#[tokio::test]
async fn s0_24_overlapping_sessions_count_once_in_the_total() {
    let house = House::open("overlap").await;
    let mut on_the_phone = house.session("phone", -100, 60, 10.0);
    on_the_phone.product = Ok(house.atlas);
    house
        .record(vec![house.session("tablet", -120, 60, 50.0), on_the_phone])
        .await;
    assert_eq!(house.figures().await, (2, 80 * 60));
    // Between the two of another day, and under both of this one.
    house
        .record(vec![
            house.session("old", -3000, 30, 1.0),
            house.session("long", -1440, 1430, 60.0),
        ])
        .await;
    assert_eq!(house.figures().await, (4, (1430 + 30) * 60));
    assert_eq!(
        stats::titles_count(&house.app, &house.store, house.reading_of(house.ana))
            .await
            .expect("a count"),
        2
    );
    let read = async |product| {
        let title = stats::title(&house.app, &house.store, house.reading_of(house.ana), product);
        title.await.expect("a title").expect("read")
    };
    assert_eq!(read(house.book).await.seconds, (60 + 30 + 1430) * 60);
    let atlas = read(house.atlas).await;
    assert_eq!((atlas.seconds, atlas.percent_read), (3600, 10.0));
}

#[tokio::test]
async fn s0_24_what_cannot_be_is_refused_with_its_index_and_the_rest_kept() {
    let house = House::open("refused").await;
    let other = Actor::system(team(&house.app, "Otra").await);
    let stranger = person(&house.app, &other, "eva").await;
    let mut reports = vec![house.session("good", -60, 10, 5.0)];
    reports.push(SessionReport {
        seconds: 601,
        ..house.session("b", -60, 10, 5.0)
    });
    reports.push(SessionReport {
        user: Ok(stranger),
        ..house.session("c", -60, 10, 5.0)
    });
    reports.push(SessionReport {
        product: Ok(house.atlas),
        ..house.session("good", -60, 10, 5.0)
    });
    reports.push(house.session("fine", -30, 10, 5.0));
    // Together with what is known it would have lasted more than a day.
    reports.push(house.session("fine", -1440 - 25, 10, 5.0));
    let recorded = house.record(reports).await;
    assert_eq!(recorded.recorded, 2);
    let refused = [
        ("sessions.1.seconds", UserErrorCode::Invalid),
        ("sessions.2.userId", UserErrorCode::NotFound),
        ("sessions.3.externalId", UserErrorCode::Conflict),
        ("sessions.5.endedAt", UserErrorCode::Invalid),
    ];
    assert_eq!(
        paths(&recorded),
        refused.map(|(field, code)| (field.to_owned(), code))
    );
    assert_eq!(house.figures().await, (2, 1200));
    // What a batch has taken is kept against the next one.
    let stolen = SessionReport {
        product: Ok(house.atlas),
        ..house.session("good", -60, 10, 5.0)
    };
    let recorded = house.record(vec![stolen]).await;
    assert_eq!(
        paths(&recorded),
        [("sessions.0.externalId".to_owned(), UserErrorCode::Conflict)]
    );
    let too_many = (0..1001).map(|n| house.session(&n.to_string(), -60, 10, 5.0));
    let refused = stats::record(&house.app, &house.store, too_many.collect()).await;
    assert!(matches!(refused, Err(Error::Refused(refusals)) if refusals[0].field == ["sessions"]));
    assert_eq!(house.figures().await, (2, 1200));
}

#[tokio::test]
async fn s0_11_to_16_the_figures_and_the_history() {
    let house = House::open("figures").await;
    let nothing = stats::overview(&house.app, &house.store, house.ana)
        .await
        .expect("figures");
    assert_eq!(
        (nothing.total_sessions, nothing.as_of, nothing.active_session),
        (0, house.at(0), false)
    );
    let mut reports: Vec<SessionReport> = (1..=5)
        .map(|n| house.session(&format!("s{n}"), -60 * n, 10, 5.0))
        .collect();
    reports[4].product = Ok(house.atlas);
    house.record(reports).await;
    let recorded_at = house.at(0);
    house.clock.advance(TimeDelta::minutes(70));
    let stats = stats::overview(&house.app, &house.store, house.ana)
        .await
        .expect("figures");
    assert_eq!((stats.as_of, stats.active_session), (recorded_at, true));
    assert_eq!(stats.last_read_at, Some(recorded_at - TimeDelta::minutes(50)));
    house.clock.advance(TimeDelta::minutes(1));
    let ana = house.reading_of(house.ana);
    let all = stats::overviews(&house.app, &house.store, &[ana])
        .await
        .expect("figures");
    assert!(!all[&ana].active_session);

    let (app, store) = (&house.app, &house.store);
    let first = |first, after| PageArgs {
        first: Some(first),
        after,
        ..PageArgs::default()
    };
    let page = stats::activity(app, store, ana, &first(3, None))
        .await
        .expect("a page");
    let rest = stats::activity(app, store, ana, &first(3, Some(page.items[2].0.to_string())))
        .await
        .expect("a page");
    let names = page.items.iter().chain(&rest.items);
    let names: Vec<&str> = names.map(|(_, session)| session.external_id.as_str()).collect();
    assert_eq!(names, ["s1", "s2", "s3", "s4", "s5"]);
    assert!(page.has_next && !rest.has_next);
    assert_eq!(stats::activity_count(app, store, ana).await.expect("a count"), 5);
    let titles = stats::titles(app, store, ana, &first(1, None))
        .await
        .expect("a page");
    assert_eq!(titles.items[0].1.product, house.book);
    let titles = stats::titles(app, store, ana, &first(1, Some(titles.items[0].0.to_string())))
        .await
        .expect("a page");
    assert_eq!((titles.items[0].1.product, titles.has_next), (house.atlas, false));
    let id = page.items[0].1.id;
    let session = stats::session(app, store, id).await.expect("an answer");
    assert_eq!(session.as_ref(), Some(&page.items[0].1));
}

#[tokio::test]
async fn s0_23_staff_need_the_scope_and_leave_a_note() {
    let house = House::open("scope").await;
    house.record(vec![house.session("a", -60, 10, 5.0)]).await;
    let (app, own_team) = (&house.app, house.team());
    let agent = as_user(own_team, person(app, &house.store, "max").await, UserRole::Agent);
    let ana = as_user(own_team, house.ana, UserRole::Member);
    let eva = as_user(own_team, person(app, &house.store, "eva").await, UserRole::Member);

    let own = stats::overview(app, &ana, house.ana).await.expect("figures");
    assert_eq!((own.total_sessions, house.audits("stats.read").await), (1, 0));
    let denied = stats::overview(app, &eva, house.ana).await;
    assert!(matches!(denied, Err(Error::Denied(Denied::Forbidden(_)))));
    let denied = stats::record(app, &ana, vec![house.session("b", -60, 10, 5.0)]).await;
    assert!(matches!(denied, Err(Error::Denied(Denied::Forbidden(_)))));

    for (minutes, notes) in [(0, 1), (9, 1), (1, 2), (9, 2)] {
        house.clock.advance(TimeDelta::minutes(minutes));
        stats::overview(app, &agent, house.ana).await.expect("figures");
        assert_eq!(house.audits("stats.read").await, notes);
    }
    let through_her_eyes = Actor {
        impersonator: agent.user(),
        ..ana
    };
    stats::note_reading(app, &through_her_eyes, house.ana)
        .await
        .expect("a note");
    assert_eq!(house.audits("stats.read").await, 3);

    let other = Actor::system(team(app, "Otra").await);
    let foreign = stats::overview(app, &other, house.ana).await.expect("figures");
    assert_eq!((foreign.total_sessions, foreign.last_read_at), (0, None));
}

/// Batches at the same time, over the same readers in different orders: nobody waits forever, nothing is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s0_24_reports_at_the_same_time_lose_nothing() {
    let house = House::open("together").await;
    let eva = person(&house.app, &house.store, "eva").await;
    let readers = [house.ana, eva];
    let mut batches = Vec::new();
    for batch in 0..12_i64 {
        let mut reports: Vec<SessionReport> = (0..20_i64)
            .map(|n| SessionReport {
                user: Ok(readers[usize::try_from((n + batch) % 2).expect("a reader")]),
                ..house.session(
                    &format!("{}-{}", batch / 2, n + batch % 2),
                    -3000 + 97 * n + 13 * batch,
                    40,
                    1.0,
                )
            })
            .collect();
        if batch % 2 == 1 {
            reports.reverse();
        }
        let (app, store) = (house.app.clone(), house.store.clone());
        batches.push(tokio::spawn(async move {
            stats::record(&app, &store, reports).await.expect("a batch")
        }));
    }
    for batch in batches {
        batch.await.expect("no panic");
    }
    for reader in readers {
        let sql = "SELECT started_at, seconds FROM reading_sessions WHERE user_id = $1";
        let rows = house.app.db.connection().rows(sql, values![reader]).await;
        let spans: Vec<rules::TimeSpan> = rows
            .expect("sessions")
            .iter()
            .map(|row| {
                rules::TimeSpan::new(
                    row.try_get_by_index(0).expect("a time"),
                    row.try_get_by_index(1).expect("seconds"),
                )
            })
            .collect();
        let stats = stats::overview(&house.app, &house.store, reader).await;
        let stats = stats.expect("figures");
        assert_eq!(usize::try_from(stats.total_sessions), Ok(spans.len()));
        assert_eq!(stats.total_seconds, rules::covered(spans));
    }
}

/// Two shops of devices choose the same external ids for different readers, at the same time and in opposite
/// orders: each id belongs to one of them, and no figure counts what is not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s0_24_an_external_id_belongs_to_one_reader() {
    let house = House::open("race").await;
    let mut readers = Vec::new();
    let mut batches = Vec::new();
    for n in 0..6 {
        readers.push(person(&house.app, &house.store, &format!("reader{n}")).await);
    }
    for (n, &reader) in readers.iter().enumerate() {
        let mut reports: Vec<SessionReport> = (0..200_i64)
            .map(|id| SessionReport {
                user: Ok(reader),
                ..house.session(&id.to_string(), -3000 + 10 * id, 5, 1.0)
            })
            .collect();
        if n % 2 == 1 {
            reports.reverse();
        }
        let (app, store) = (house.app.clone(), house.store.clone());
        batches.push(tokio::spawn(async move {
            stats::record(&app, &store, reports).await.expect("a batch")
        }));
    }
    let mut recorded = 0;
    for batch in batches {
        let batch = batch.await.expect("no panic");
        assert_eq!(batch.recorded + batch.refusals.len(), 200);
        recorded += batch.recorded;
    }
    assert_eq!(recorded, 200);
    let readers: Vec<ReadingOf> = readers
        .into_iter()
        .map(|reader| house.reading_of(reader))
        .collect();
    let all = stats::overviews(&house.app, &house.store, &readers).await;
    let seconds: i64 = all
        .expect("figures")
        .values()
        .map(|stats| stats.total_seconds)
        .sum();
    assert_eq!(seconds, 200 * 300);
}
