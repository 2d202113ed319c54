//! From parameters to a result, the same for HTTP, event streams and sockets: find the document,
//! hold it to the limits, execute it within its time.

use std::{panic::AssertUnwindSafe, sync::Arc};

use async_graphql::{Executor, Request, Response, parser::types::OperationType};
use futures::{
    FutureExt, StreamExt,
    stream::{self, BoxStream},
};
use tracing::Instrument;

use super::{
    GraphqlService,
    answer::{Answer, CostReport},
    caller::{AuthenticationError, Call, Caller},
    errors::{self, Understanding},
    params::Params,
    refusal::Refusal,
    trace::TraceId,
};

/// A mutation that only others were in the way of is made so often.
const ATTEMPTS: u32 = 3;

/// An operation that may be executed.
pub(super) struct Prepared {
    pub kind: OperationType,
    /// Nothing that validation looks for can be wrong with it.
    known: bool,
    /// For each attempt anew.
    request: Box<dyn Fn() -> Request + Send + Sync>,
    caller: Caller,
    cost: CostReport,
    understanding: Understanding,
}

impl<E: Executor> GraphqlService<E> {
    /// Identity has as long as a request has; what takes longer is unavailable.
    pub(super) async fn authenticate(&self, call: Call) -> Result<Caller, AuthenticationError> {
        tokio::time::timeout(self.limits.request_time, self.authenticator.authenticate(call))
            .await
            .unwrap_or(Err(AuthenticationError::Unavailable))
    }

    pub(super) fn prepare(
        &self,
        params: Params,
        caller: &Caller,
        trace: TraceId,
    ) -> Result<Prepared, Refusal> {
        let document = self.documents.find(&params, &self.limits)?;
        let selected = document.select(params.operation_name.as_deref())?;
        selected.require_variables(&params.variables)?;
        let (kind, cost) = (selected.kind(), CostReport::new(selected.cost, &self.limits));

        let known =
            document.is_validated() && self.inputs.surely_take(selected.definition, &params.variables);

        let types = Arc::clone(&self.types);
        let understanding = Understanding {
            document: Arc::clone(&document),
            operation_name: params.operation_name.clone(),
            types,
            trace: trace.clone(),
        };
        let data_of = caller.clone();
        let request = move || {
            // Its text is not read again.
            let mut request = Request::new("");
            request.operation_name.clone_from(&params.operation_name);
            request.variables = params.variables.clone();
            request.extensions = params.extensions.clone();
            request.set_parsed_query(document.ast.clone());
            request.data.insert(trace.clone());
            data_of.enrich(&mut request.data);
            request
        };
        Ok(Prepared {
            kind,
            known,
            request: Box::new(request),
            caller: caller.clone(),
            cost,
            understanding,
        })
    }

    /// The one result of a query or a mutation.
    pub(super) async fn execute(&self, prepared: Prepared) -> Answer {
        let Prepared {
            kind,
            known,
            request,
            caller,
            cost,
            understanding,
        } = prepared;
        let schema = self.trusting.as_ref().filter(|_| known).unwrap_or(&self.schema);
        let execution = AssertUnwindSafe(attempts(schema, kind, &request, &caller)).catch_unwind();
        match tokio::time::timeout(self.limits.request_time, execution).await {
            Ok(Ok(response)) => understanding.answer(response, Some(cost)),
            Ok(Err(panic)) => errors::panicked(&*panic, &understanding.trace),
            Err(_) => errors::timed_out(&understanding.trace),
        }
    }

    /// The results of any operation: one, or as many as a subscription has. The cost comes with the
    /// first.
    pub(super) fn results(&self, prepared: Prepared) -> BoxStream<'static, Answer> {
        let span = tracing::info_span!("graphql", trace_id = %prepared.understanding.trace);
        if prepared.kind != OperationType::Subscription {
            let service = self.clone();
            return stream::once(async move { service.execute(prepared).await }.instrument(span)).boxed();
        }
        let Prepared {
            request,
            cost,
            understanding,
            ..
        } = prepared;
        let mut cost = Some(cost);
        let mut answers = AssertUnwindSafe(self.schema.execute_stream(request(), None))
            .catch_unwind()
            .map(move |item| match item {
                Ok(response) => understanding.answer(response, cost.take()),
                Err(panic) => errors::panicked(&*panic, &understanding.trace),
            });
        stream::poll_fn(move |context| span.in_scope(|| answers.poll_next_unpin(context))).boxed()
    }
}

async fn attempts<E: Executor>(
    schema: &E,
    kind: OperationType,
    request: &(dyn Fn() -> Request + Send + Sync),
    caller: &Caller,
) -> Response {
    let mut left = ATTEMPTS;
    loop {
        let (schema, request) = (schema.clone(), request());
        let execution = async move { schema.execute(request).await };
        let (response, again) = caller.attempt(execution.boxed()).await;
        left -= 1;
        if left == 0 || !again || kind != OperationType::Mutation || response.errors.is_empty() {
            return response;
        }
    }
}
