//! A Redis that is there and does not do what is asked: operators are told which kind it is.

use domain::{
    adapters::redis::{PATIENCE, RedisSettings, refusal},
    jobs::Queue,
};
use redis::{RedisError, aio::MultiplexedConnection};
use tests::servers::redis::Redis;

/// With these options, without anything that is only said once.
fn redis(options: &[&str]) -> Redis {
    Redis::with(|_| options.iter().map(|it| (*it).to_owned()).collect()).expect("Redis")
}

/// Does what serving processes and workers do. What went wrong.
async fn error_at(url: &str) -> RedisError {
    let settings = RedisSettings::new(url).expect("an address");
    let key = settings.wake_up_key(Queue::Refunds);
    let asked = async {
        let mut connection: MultiplexedConnection = settings.connect(PATIENCE).await?;
        let push = redis::cmd("LPUSH").arg(&key).arg("job").to_owned();
        push.query_async::<()>(&mut connection).await?;
        let mut pop = redis::cmd("BRPOP");
        pop.arg(&key).arg(1).query_async::<()>(&mut connection).await
    };
    asked.await.expect_err("it refuses")
}

async fn said_by(redis: &Redis, user: &str) -> &'static str {
    let error = error_at(&format!("redis://{user}127.0.0.1:{}/", redis.port())).await;
    refusal(&error).unwrap_or_else(|| panic!("it is held to be away: {error}"))
}

#[tokio::test]
async fn each_kind_is_named() {
    for (options, user, why) in [
        (&["--replicaof", "127.0.0.1", "1"][..], "", "is a replica"),
        (&["--requirepass", "secret"], "", "does not let us in"),
        (&["--requirepass", "secret"], ":wrong@", "does not let us in"),
        (&["--maxmemory", "1"], "", "no memory"),
        (&["--rename-command", "BRPOP", ""], "", "does not know a command"),
        (
            &["--user", "default", "on", "nopass", "~*", "&*", "+@all", "-brpop"],
            "",
            "does not let this user",
        ),
    ] {
        let redis = redis(options);
        let said = said_by(&redis, user).await;
        assert!(said.contains(why), "{options:?}: {said}");
    }
    let mut gone = redis(&[]);
    let url = gone.url();
    gone.kill();
    assert_eq!(refusal(&error_at(&url).await), None, "this one is away");
}
