# Files that people ask for: what stands in them, what they are called, and what goes wrong with them.

export-failed = The file could not be written. Please ask for it again; if it fails once more, tell your administrator.
export-too-many = { $max ->
        [one] You already have an export under way. Wait for it, or cancel it.
       *[other] You already have { $max } exports under way. Wait for one of them, or cancel one.
    }

export-file-customers = customers
export-file-leads = leads
export-file-invoices = invoices
export-sheet-customers = Customers
export-sheet-leads = Leads

export-column-id = Id
export-column-first-name = First name
export-column-last-name = Last name
export-column-company-email = Company email
export-column-phone = Phone number
export-column-company = Company name
export-column-tier = Tier
export-column-language = Language
export-column-active = Active
export-column-registered = Registered ({ $zone })
export-column-ecosystem = Ecosystem name
export-column-ecosystem-suspended = Ecosystem suspended
export-column-plan = Plan
export-column-interval = Interval
export-column-plan-status = Status
export-column-plan-start = Start ({ $zone })
export-column-plan-end = End ({ $zone })
export-column-encounters = Encounters
export-column-licenses-total = Licences
export-column-licenses-assigned = Licences assigned
export-column-licenses-available = Licences available
export-column-licenses-suspended = Licences suspended

export-yes = Yes
export-no = No
export-no-ecosystem = No complete
export-tier = { $word ->
        [STANDARD] Standard
        [PREMIUM] Premium
        [VIP] VIP
        [ENTERPRISE] Enterprise
       *[other] { $word }
    }
export-language = { $word ->
        [EN] English
        [ES] Spanish
        [PT] Portuguese
       *[other] { $word }
    }
export-interval = { $word ->
        [MONTHLY] Monthly
        [ANNUAL] Annual
       *[other] { $word }
    }
export-plan-status = { $word ->
        [TRIALING] Trial
        [ACTIVE] Active
        [PAST_DUE] Past due
        [PAUSED] Paused
        [CANCELED] Canceled
        [EXPIRED] Expired
       *[other] { $word }
    }

download-not-yours = This link is not valid
download-not-yours-why = It may have been cut off, or it was made for somebody who may not fetch this file any more. Open your exports and download the file from there.
download-over = This link has expired
download-over-why = Links to files last for a few minutes, and files for a day. Open your exports for a new link, or ask for the file again.
download-not-there = There is no file here
download-not-there-why = It may not be finished yet, or it was canceled. Open your exports to see how far it is.
