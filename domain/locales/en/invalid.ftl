# What is wrong with one field of a form.

invalid-id = This is not a valid id here. Please copy it whole, with its prefix.
invalid-required = Please fill this in.
invalid-too-long = { $max ->
        [one] This is too long: one character at most.
       *[other] This is too long: { $max } characters at most.
    }
invalid-email = This is not an email address. It should look like name@example.com.
invalid-amount-not-a-number = This is not an amount. Write digits with a point before the decimals, for example 12.50.
invalid-amount-too-precise = { $decimals ->
        [0] Amounts in { $currency } have no decimals.
       *[other] Amounts in { $currency } have at most { $decimals } decimals.
    }
invalid-amount-not-positive = The amount must be greater than zero.
invalid-amount-too-large = This amount is too large.
invalid-currency-unknown = “{ $currency }” is not a currency that we know. Use its three-letter code, for example EUR.
invalid-currency-other = The currency must be { $expected } here.
invalid-time-zone = This is not a known time zone. Use a name such as America/Sao_Paulo or Europe/Madrid.
invalid-url = This is not a valid web address. It should begin with https://.
invalid-secret = This must not contain spaces or line breaks. Please copy it again.
invalid-scope = “{ $scope }” is not a permission that you can give.
invalid-range = This must be between { $min } and { $max }.
invalid-time = This is not a time that can be read. Write it with its zone, for example 2026-11-20T09:30:00Z.
invalid-time-range = This time must be between the years 1 and 9998.
invalid-date-past = This date must be in the future.
invalid-date-future = This date must not be in the future.
invalid-date-order = The end must be later than the start.
invalid-date-too-early = This date is too far in the past.
invalid-session-too-long = A reading session lasts 24 hours at most. Report a longer one as several sessions.
invalid-seconds-beyond-clock = This is more reading time than the session has lasted.
invalid-password-too-short = { $min ->
        [one] The password must have at least one character.
       *[other] The password must have at least { $min } characters.
    }
invalid-too-many = { $max ->
        [one] These are too many: one at most.
       *[other] These are too many: { $max } at most.
    }
invalid-status-not-reportable = A partial refund is made here, not reported: choose another status.

invalid-phone = Enter a phone number with digits, for example +34 600 123 456.
invalid-segment-other = The filter names another segment than the export. Leave it out of the filter, or choose the same one.
