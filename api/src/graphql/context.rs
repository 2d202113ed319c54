//! What a resolver knows of the request: the caller, their language, the loaders.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_graphql::{
    Context, Data, ErrorExtensions, ID, Result,
    dataloader::{DataLoader, Loader},
};
use domain::{
    App, Denied, Error, Message, Outcome, Refusal,
    actor::Actor,
    database,
    identity::{Keyring, sessions::SignInOrigin},
    language,
};
use entities::Locale;
use futures::{FutureExt, future::BoxFuture};

use super::{
    errors::UserError,
    loaders::{Loaders, Shared},
};
use transport::codes;

/// Who is behind the request.
pub struct Caller {
    pub app: App,
    pub keyring: Keyring,
    /// None: nobody has signed in.
    pub actor: Option<Actor>,
    /// The bearer token, so that signing out ends it at once.
    pub token: Option<String>,
    /// The viewer's language; before anybody has signed in, the browser's.
    pub locale: Locale,
    pub origin: SignInOrigin,
}

/// Puts everything that resolvers ask for into the data of one execution.
pub fn enrich(caller: &Arc<Caller>, data: &mut Data) {
    if let Some(actor) = &caller.actor {
        let asked = Arc::new(AtomicUsize::new(0));
        let loaders = Loaders {
            app: caller.app.clone(),
            actor: actor.clone(),
            asked: Arc::clone(&asked),
        };
        let gathering = move |load| gather(&asked, load);
        data.insert(DataLoader::new(loaders, gathering).delay(Duration::ZERO));
    }
    data.insert(Arc::clone(caller));
}

/// How often in a row nothing new may be asked for before a load begins.
const QUIET: usize = 2;

/// Begins a load when nothing more is asked for. The executor gives way after every two rows of a list of more
/// than thirty (their `FuturesUnordered` wake each other): a load that began at once would be for those two.
fn gather(asked: &Arc<AtomicUsize>, load: BoxFuture<'static, ()>) {
    let asked = Arc::clone(asked);
    tokio::spawn(async move {
        let (mut known, mut quiet) = (0, 0);
        while quiet < QUIET {
            tokio::task::yield_now().await;
            let now = asked.load(Ordering::Relaxed);
            quiet = if now == known { quiet + 1 } else { 0 };
            known = now;
        }
        load.await;
    });
}

/// Short ways to what a resolver needs.
pub trait Ctx<'a> {
    fn caller(&self) -> &'a Caller;
    fn app(&self) -> &'a App;
    /// The signed-in caller; an UNAUTHENTICATED error if there is none.
    fn actor(&self) -> Result<&'a Actor>;
    /// The object of this key, with those that other fields ask for at the same time. In a box of its own: what a
    /// resolver waits for is room that each of its object's fields takes.
    fn load<K>(&self, key: K) -> BoxFuture<'_, Result<Option<<Loaders as Loader<K>>::Value>>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Shared>;
    /// The objects of many keys, for whoever knows what its rows will want.
    fn load_many<K>(&self, keys: Vec<K>) -> BoxFuture<'_, Result<HashMap<K, <Loaders as Loader<K>>::Value>>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Shared>;
    /// An outcome as GraphQL has it; refusals of a query are errors there.
    fn answer<T>(&self, outcome: Outcome<T>) -> Result<T>;
    /// A mutation's outcome: the object, or why not.
    fn payload<T>(&self, outcome: Outcome<T>) -> Result<(Option<T>, Vec<UserError>)>;
    /// What something points to, which is there: refused if the caller may not see it.
    fn visible<T>(&self, found: Option<T>, refusal: Denied) -> Result<T>;
    fn say(&self, message: &Message) -> String;
}

impl<'a> Ctx<'a> for Context<'a> {
    fn caller(&self) -> &'a Caller {
        self.data_unchecked::<Arc<Caller>>()
    }

    fn app(&self) -> &'a App {
        &self.caller().app
    }

    fn actor(&self) -> Result<&'a Actor> {
        self.caller()
            .actor
            .as_ref()
            .ok_or_else(|| denied(Denied::Unauthenticated, self.caller().locale))
    }

    fn load<K>(&self, key: K) -> BoxFuture<'_, Result<Option<<Loaders as Loader<K>>::Value>>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Shared>,
    {
        let loader = loader(self);
        async move { loader?.load_one(key).await.map_err(failed) }.boxed()
    }

    fn load_many<K>(&self, keys: Vec<K>) -> BoxFuture<'_, Result<HashMap<K, <Loaders as Loader<K>>::Value>>>
    where
        K: Send + Sync + Hash + Eq + Clone + 'static,
        Loaders: Loader<K, Error = Shared>,
    {
        let loader = loader(self);
        async move { loader?.load_many(keys).await.map_err(failed) }.boxed()
    }

    fn answer<T>(&self, outcome: Outcome<T>) -> Result<T> {
        outcome.map_err(|error| to_graphql(error, self.caller().locale))
    }

    fn payload<T>(&self, outcome: Outcome<T>) -> Result<(Option<T>, Vec<UserError>)> {
        match outcome {
            Ok(value) => Ok((Some(value), Vec::new())),
            Err(Error::Refused(refusals)) => Ok((None, self.user_errors(refusals))),
            Err(error) => Err(to_graphql(error, self.caller().locale)),
        }
    }

    fn visible<T>(&self, found: Option<T>, refusal: Denied) -> Result<T> {
        found.ok_or_else(|| denied(refusal, self.caller().locale))
    }

    fn say(&self, message: &Message) -> String {
        message.render(self.caller().locale)
    }
}

/// Those of the caller, who is about to ask.
fn loader<'a>(ctx: &Context<'a>) -> Result<&'a DataLoader<Loaders>> {
    let loader = ctx
        .data::<DataLoader<Loaders>>()
        .map_err(|_| denied(Denied::Unauthenticated, ctx.caller().locale))?;
    loader.loader().asked.fetch_add(1, Ordering::Relaxed);
    Ok(loader)
}

fn failed(error: Shared) -> async_graphql::Error {
    async_graphql::Error::new(format!("{error:#}"))
}

/// Refusals in the viewer's language.
pub trait Refused {
    fn user_errors(&self, refusals: Vec<Refusal>) -> Vec<UserError>;
}

impl Refused for Context<'_> {
    fn user_errors(&self, refusals: Vec<Refusal>) -> Vec<UserError> {
        refusals
            .into_iter()
            .map(|refusal| UserError::new(refusal, self.caller().locale))
            .collect()
    }
}

/// An error without a code is a fault: the transport logs and masks it.
pub fn to_graphql(error: Error, locale: Locale) -> async_graphql::Error {
    match error {
        Error::Fault(fault) if database::is_unavailable(&fault) => {
            tracing::warn!(error = ?fault, "no connection to the database was to be had");
            coded(
                "The service cannot answer at the moment. Try again soon.".into(),
                "SERVICE_UNAVAILABLE",
            )
        }
        Error::Fault(fault) => async_graphql::Error::new(format!("{fault:#}")),
        Error::Denied(kind) => denied(kind, locale),
        Error::Refused(refusals) => {
            let first = refusals
                .into_iter()
                .next()
                .map(|refusal| UserError::new(refusal, locale));
            let (message, code) = first.map_or_else(
                || (String::new(), "INVALID"),
                |refusal| {
                    (
                        refusal.message,
                        domain::UserErrorCode::from(refusal.code).as_str(),
                    )
                },
            );
            coded(message, code)
        }
    }
}

fn denied(kind: Denied, locale: Locale) -> async_graphql::Error {
    match kind {
        Denied::Unauthenticated => coded(
            language::text(locale, "unauthenticated", &[]),
            codes::UNAUTHENTICATED,
        ),
        Denied::Forbidden(scope) => {
            let message = language::text(locale, "forbidden", &[("scope", scope.as_str().into())]);
            coded(message, codes::FORBIDDEN).extend_with(|_, it| it.set("scope", scope.as_str()))
        }
        Denied::AdministratorsOnly => coded(
            language::text(locale, "administrators-only", &[]),
            codes::FORBIDDEN,
        ),
        Denied::CursorExpired => coded(language::text(locale, "cursor-expired", &[]), "CURSOR_EXPIRED"),
        Denied::CursorInvalid => coded(
            language::text(locale, "cursor-invalid", &[]),
            codes::BAD_USER_INPUT,
        ),
        Denied::PageInvalid => coded(language::text(locale, "page-invalid", &[]), codes::BAD_USER_INPUT),
    }
}

fn coded(message: String, code: &'static str) -> async_graphql::Error {
    async_graphql::Error::new(message).extend_with(|_, extensions| extensions.set("code", code))
}

/// Reads the id of an object of any type, as it is kept beside what was done with it.
pub fn public_id(field: &'static str, id: &ID) -> Result<String, Refusal> {
    entities::parse_any(id)
        .map(|_| id.to_string())
        .map_err(|_| Refusal::invalid(field, Message::key("invalid-id")))
}

/// Reads the id of an input field: refused with the field's name if it is malformed or of another type.
pub fn input_id<T: std::str::FromStr>(field: &'static str, id: &ID) -> Result<T, Refusal> {
    id.parse()
        .map_err(|_| Refusal::invalid(field, Message::key("invalid-id")))
}
