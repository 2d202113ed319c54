//! GraphiQL at `/`, whole and from our own files: it works on a machine that reaches nothing else.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Path,
    http::{
        HeaderName, HeaderValue, StatusCode,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
            X_FRAME_OPTIONS,
        },
    },
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Our own scripts and styles, the fonts and cursors inside the style sheet, requests to ourselves: no more.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// What the page starts with.
#[derive(Clone, Debug, Serialize)]
pub struct GraphiqlPage {
    /// What the addresses of its files begin with: nothing, or a path.
    #[serde(skip)]
    pub base: String,
    /// Where queries go, and subscriptions by `graphql-transport-ws`: `/graphql`.
    pub endpoint: String,
    /// Opened on a first visit; afterwards the browser remembers its own.
    pub tabs: Vec<Tab>,
}

/// One open query. Its title is the name of its operation.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Tab {
    pub query: String,
    /// JSON, as in the editor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// JSON, as in the editor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub headers: Option<String>,
}

impl Tab {
    pub fn new(query: &str) -> Self {
        Self {
            query: query.to_owned(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn with_variables(self, json: &str) -> Self {
        Self {
            variables: Some(json.to_owned()),
            ..self
        }
    }
}

struct Asset {
    name: &'static str,
    content_type: &'static str,
    body: &'static [u8],
}

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

const ASSETS: [Asset; 6] = [
    asset(
        "react.min.js",
        SCRIPT,
        include_bytes!("../../assets/graphiql/react.min.js"),
    ),
    asset(
        "react-dom.min.js",
        SCRIPT,
        include_bytes!("../../assets/graphiql/react-dom.min.js"),
    ),
    asset(
        "graphiql.min.js",
        SCRIPT,
        include_bytes!("../../assets/graphiql/graphiql.min.js"),
    ),
    asset(
        "graphiql.min.css",
        STYLE,
        include_bytes!("../../assets/graphiql/graphiql.min.css"),
    ),
    asset("page.js", SCRIPT, include_bytes!("page.js")),
    asset("page.css", STYLE, include_bytes!("page.css")),
];

const fn asset(name: &'static str, content_type: &'static str, body: &'static [u8]) -> Asset {
    Asset {
        name,
        content_type,
        body,
    }
}

/// Changes with the files, so that a browser may keep each for ever.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut digest = Sha256::new();
    for asset in &ASSETS {
        digest.update(asset.body);
    }
    hex::encode(&digest.finalize()[..8])
});

/// `GET /` and `GET /assets/graphiql/{file}`.
pub fn routes(page: GraphiqlPage) -> Router {
    let html: Arc<str> = page.html().into();
    Router::new()
        .route("/", get(move || async move { show(&html) }))
        .route("/assets/graphiql/{file}", get(file))
}

impl GraphiqlPage {
    fn html(&self) -> String {
        // Inside a script element only `<` could end it.
        let settings = serde_json::json!(self).to_string().replace('<', "\\u003c");
        include_str!("page.html")
            .replace("@VERSION@", &VERSION)
            .replace("@BASE@", &self.base)
            .replace("@SETTINGS@", &settings)
    }
}

fn show(html: &str) -> Response {
    let headers: [(HeaderName, HeaderValue); 6] = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, html.to_owned()).into_response()
}

async fn file(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
        (
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (headers, asset.body).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use tower::ServiceExt;

    use super::*;

    fn app() -> Router {
        let tab = Tab {
            query: "# </script><script>alert(1)</script>".to_owned(),
            ..Tab::default()
        };
        routes(GraphiqlPage {
            base: String::new(),
            endpoint: "/graphql".to_owned(),
            tabs: vec![tab],
        })
    }

    async fn get(path: &str) -> (StatusCode, axum::http::HeaderMap, String) {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = app().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 4_000_000).await.expect("a body");
        (
            parts.status,
            parts.headers,
            String::from_utf8(bytes.to_vec()).expect("text"),
        )
    }

    #[tokio::test]
    async fn the_page_loads_nothing_from_elsewhere() {
        let (status, headers, html) = get("/").await;
        assert_eq!(status, StatusCode::OK);
        assert!(
            headers[CONTENT_SECURITY_POLICY]
                .to_str()
                .expect("text")
                .starts_with("default-src 'none'")
        );
        assert!(!html.contains("://") && !html.contains('@'), "{html}");
        assert!(!html.contains("<script>alert"), "a query cannot end the settings");
        let links = html.split(['"', '?']).filter(|part| part.starts_with("/assets/"));
        let mut found = 0;
        for link in links {
            let (status, headers, body) = get(link).await;
            assert_eq!(status, StatusCode::OK, "{link}");
            assert!(
                headers[CACHE_CONTROL]
                    .to_str()
                    .expect("text")
                    .contains("immutable")
            );
            for load in [
                "@import",
                "url(http",
                "url(//",
                "import(\"http",
                "sourceMappingURL",
            ] {
                assert!(!body.contains(load), "{link}: {load}");
            }
            found += 1;
        }
        assert_eq!(found, ASSETS.len());
        assert_eq!(
            get("/assets/graphiql/..%2f..%2fCargo.toml").await.0,
            StatusCode::NOT_FOUND
        );
    }
}
