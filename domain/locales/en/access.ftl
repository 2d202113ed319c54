# Access to products: why it was given or taken, and what to look at when something cannot be opened.

revoked-by-refund = Revoked because the purchase was refunded (refund { $refund }).
    .generic = Revoked because the purchase was refunded.
restored-after-refund = Given back because the refund { $refund } did not go through.
revoked-by-external-refund = Revoked because the whole payment was given back at the gateway or by the store.
restored-after-external-refund = Given back because not the whole payment was given back at the gateway or by the store after all.
revoked-by-fraud = Revoked because the payment was reported as fraudulent.
revoked-standard = Revoked by the team; no particular reason was given.
granted-by-purchase = Given by a purchase.
granted-by-team = Granted by the team.
restored-after-refund-failed = Given back because the refund failed.
access-lifetime = Lifetime access.
access-until = Access until { $date }.

finding-user-suspended = The user is suspended. Reactivate the user to give access back.
finding-ecosystem-suspended = The user's ecosystem is suspended. Activate it to give access back to everybody in it.
finding-product-inactive = The product is not active: it is no longer offered, and the store may have withdrawn it.
finding-no-purchase = There is no active purchase of this product.
finding-purchase-pending = There is a purchase of this product that is not paid yet.
finding-no-entitlement = The user has never had access to this product.
finding-access-scheduled = The access begins on { $date } at { $time }.
finding-access-expired = The access expired on { $date }.
finding-access-revoked = The access was revoked on { $date }.
finding-access-in-grace = The access has expired and is in its grace period until { $date }.
finding-never-opened = The user has never opened it: look for a technical fault on the user's side.
finding-never-opened-yet = The user has never opened it.
finding-opened = The user opened it last on { $date }: access worked then.
finding-nothing-wrong = Everything is as it should be: the user may open it now.

# Access for many at once: what cannot be asked, and what went wrong.
not-found-users = We could not find everybody on this list. Please check the ids.
not-found-entitlement-batch = We could not find this change for many. Please check its id.
conflict-batch-finished = This has already ended, so there is nothing left to stop.
batch-filter-empty = This filter lets everybody through. Narrow it down, or say “everybody” if you mean everybody.
batch-people-one-way = Say who is meant in exactly one way: by a filter, by ids, or with “everybody”.
batch-too-many = At most { $max } people can be named one by one. Use a filter for more.
batch-nobody = Nobody matches this filter.
batch-user-failed = This could not be done because of a fault on our side. Please try it again for this person.
batch-given-up = This was given up after several attempts. What is listed as done was done; please ask for the rest again.
