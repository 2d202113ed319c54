//! Relay connections with `nodes` and `totalCount`, which cost nothing when they are not selected.

use async_graphql::{Enum, SimpleObject};
use domain::page::{Direction, PageArgs};

/// Position of a page in its list.
#[derive(SimpleObject, Clone, Debug)]
pub struct PageInfo {
    /// Whether there are rows after this page.
    pub has_next_page: bool,
    /// Whether there are rows before this page.
    pub has_previous_page: bool,
    /// Cursor of the first row of the page; null if it is empty.
    pub start_cursor: Option<String>,
    /// Cursor of the last row of the page; null if it is empty.
    pub end_cursor: Option<String>,
}

/// Direction of sorting.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderDirection {
    /// Ascending: smallest, earliest, A to Z first.
    Asc,
    /// Descending: largest, latest, Z to A first.
    Desc,
}

impl From<OrderDirection> for Direction {
    fn from(direction: OrderDirection) -> Self {
        match direction {
            OrderDirection::Asc => Self::Ascending,
            OrderDirection::Desc => Self::Descending,
        }
    }
}

/// The arguments of a connection.
pub fn page_args(
    first: Option<i32>,
    after: Option<String>,
    last: Option<i32>,
    before: Option<String>,
) -> PageArgs {
    PageArgs {
        first,
        after,
        last,
        before,
    }
}

/// What a connection weighs in the complexity of a query: its children, as often as there may be rows.
pub fn weight(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let rows = first.or(last).unwrap_or(20).clamp(1, 100);
    usize::try_from(rows)
        .unwrap_or(1)
        .saturating_mul(child)
        .saturating_add(1)
}

/// Makes a connection and its edge. `$count` is asked only if `totalCount` is selected.
macro_rules! connection {
    ($(#[$doc:meta])* $connection:ident, $edge:ident of $node:ident from $item:ty, counted by $counter:ty) => {
        $(#[$doc])*
        pub struct $connection {
            page: domain::page::Page<$node>,
            counter: $counter,
        }

        impl $connection {
            pub fn new(page: domain::page::Page<$item>, counter: $counter) -> Self {
                Self { page: page.map($node::from), counter }
            }
        }

        $(#[$doc])*
        #[async_graphql::Object]
        impl $connection {
            /// The rows of the page, each with its cursor.
            async fn edges(&self) -> Vec<$edge> {
                let items = self.page.items.iter();
                items.map(|(cursor, node)| $edge { cursor: cursor.to_string(), node: node.clone() }).collect()
            }

            /// The rows of the page, without their cursors.
            async fn nodes(&self) -> Vec<&$node> {
                self.page.items.iter().map(|(_, node)| node).collect()
            }

            /// Whether there are more pages, and the cursors that lead to them.
            async fn page_info(&self) -> $crate::graphql::connection::PageInfo {
                $crate::graphql::connection::PageInfo {
                    has_next_page: self.page.has_next,
                    has_previous_page: self.page.has_previous,
                    start_cursor: self.page.items.first().map(|(cursor, _)| cursor.to_string()),
                    end_cursor: self.page.items.last().map(|(cursor, _)| cursor.to_string()),
                }
            }

            /// Number of rows in the whole list; counted only if it is selected.
            async fn total_count(&self, ctx: &async_graphql::Context<'_>) -> async_graphql::Result<i32> {
                use $crate::graphql::context::Ctx;
                let count = self.counter.count(ctx.app(), ctx.actor()?).await;
                Ok(i32::try_from(ctx.answer(count)?).unwrap_or(i32::MAX))
            }
        }

        /// A row of a page, with its cursor.
        #[derive(async_graphql::SimpleObject)]
        pub struct $edge {
            /// Cursor of this row, for `after` or `before`.
            pub cursor: String,
            /// The object in this row.
            pub node: $node,
        }
    };
}

pub(crate) use connection;
