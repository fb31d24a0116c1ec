// SPDX-License-Identifier: LGPL-2.1-or-later

// The scenarios in Vala.

const uint BATCH_SIZE = 7;

// To Vala, typeof (Subiter.Error) is that of every GError.
[CCode (cname = "subiter_error_get_type", cheader_filename = "subiter.h")]
extern Type error_get_type ();

class Runner : Scenario {
    public Runner (Table.Record record, string folder) {
        base (record, folder);
    }

    // ---- what is seen

    void take_end (string name, Subiter.State? wanted_state) {
        var states = (EnumClass) typeof (Subiter.State).class_ref ();

        add_end (name, states.get_value (source.state).value_nick,
            wanted_state != null ? states.get_value (wanted_state).value_nick : null);
    }

    static string? get_code (Error error) {
        var codes = (EnumClass) error_get_type ().class_ref ();

        return (error is Subiter.Error) ? codes.get_value (error.code).value_nick : null;
    }

    void take_error (Error error) {
        var failure = source.dup_failure ();

        record.set_error (get_code (error), error.message);
        if (failure != null)
            record.set_failure (failure.get_exception_type (), failure.get_traceback (), failure.get_notes ());
        else
            record.set_failure (null, null, null);

        string[] causes = {};
        for (unowned Subiter.Failure? cause = failure; cause != null && (cause = cause.get_cause ()) != null;)
            causes += cause.get_exception_type ();
        record.set_causes (causes);
    }

    void on_item (Subiter.Source source, Variant item) {
        take_item (item);
        advance ();
    }

    void on_failed (Error error) {
        if (mode != "push" && n_pulls == 0 && record.message != null && record.message != error.message)
            record.trouble ("next gave “%s”, the signal “%s”", record.message, error.message);
        take_error (error);
        take_end ("failed", Subiter.State.FAILED);
    }

    bool on_timeout () {
        if (n_grants > 0) {
            n_grants--;
            return true;
        }
        take_end ("timeout", null);
        return false;
    }

    void on_output (Subiter.Stream stream, string text) {
        check_thread ();
        record.add_output (stream, text);
        advance ();
    }

    // ---- what is done

    async void pull () {
        n_pulls++;
        try {
            Variant? item = null;

            while (mode == "pull" && (item = yield source.next_async (null)) != null) {
                take_item (item);
                advance ();
                if (holds) {
                    held = pull.callback;
                    yield;
                }
            }
            while (mode == "batch") {
                var items = yield source.next_batch_async (BATCH_SIZE, null);

                if (items.length > BATCH_SIZE)
                    record.trouble ("a batch of %d", items.length);
                if (items.length == 0)
                    break;
                foreach (unowned Variant member in items)
                    take_item (member);
                advance ();
            }
        } catch (Error error) {
            take_error (error);
        }
        n_pulls--;
        advance ();
    }

    void block () {
        Variant? item;

        try {
            while ((item = source.next ()) != null) {
                take_item (item);
                advance ();
            }
        } catch (Error error) {
            take_error (error);
        }
    }

    protected override void begin () {
        quiet = false;
        n_due++;
        first_item = record.items.length;
        if (mode == "blocking") {
            block ();
        } else if (mode == "pull" || mode == "batch") {
            if (record.ends.length > 0)
                source.rewind ();
            for (var i = 0; i < scenario.get_int_member_with_default ("overlap", 1); i++)
                pull.begin ();
        } else {
            source.start ();
        }
    }

    protected override void close () {
        n_closes++;
        source.close_async.begin (null, (object, result) => {
            try {
                source.close_async.end (result);
            } catch (Error error) {
                record.trouble ("close failed: %s", error.message);
            }
            n_closes--;
            advance ();
        });
    }

    Subiter.Callable make_callable () throws Error {
        var attribute = scenario.get_string_member_with_default ("attribute", "items");
        var code = Table.get_code (scenario);
        Subiter.Callable callable;

        if (code != null) {
            callable = new Subiter.Callable.for_source_code (code, attribute);
        } else if (scenario.has_member ("file")) {
            var file = scenario.get_string_member ("file");

            callable = new Subiter.Callable.for_file (file != "" ? Path.build_filename (folder, file) : "", attribute);
        } else {
            callable = new Subiter.Callable.for_entry_point (scenario.get_string_member ("entry-point"));
        }
        return callable.bind (Table.get_variant (scenario, "args"), Table.get_variant (scenario, "kwargs"));
    }

    void set_up () {
        source.buffer_size = (uint) scenario.get_int_member_with_default ("buffer-size", source.buffer_size);
        source.timeout = (uint) scenario.get_int_member_with_default ("timeout", source.timeout);
        source.dispatch_items = (uint) scenario.get_int_member_with_default ("dispatch-items", source.dispatch_items);
        source.dispatch_budget = (uint) scenario.get_int_member_with_default ("dispatch-budget", source.dispatch_budget);
        source.priority = (int) scenario.get_int_member_with_default ("priority", source.priority);
        if (scenario.has_member ("item-type"))
            source.item_type = new VariantType (scenario.get_string_member ("item-type"));
        source.initializers = Table.get_strv (scenario, "initializers", null);
        source.python_path = Table.get_strv (scenario, "python-path", folder) ?? new string[] { folder };
        source.finished.connect (() => take_end ("finished", Subiter.State.FINISHED));
        source.failed.connect (on_failed);
        source.timed_out.connect (on_timeout);
        source.output.connect (on_output);
        source.notify["progress"].connect (() => advance ());
        if (mode == "func")
            source.set_item_func (on_item);
        else if (mode == "push")
            source.item.connect ((item) => on_item (source, item));
    }

    public void run () {
        try {
            source = new Subiter.Source (make_callable ());
        } catch (Error error) {
            record.set_error (get_code (error), error.message);
            record.check_refused ();
            return;
        }

        var patience = Timeout.add_seconds (PATIENCE, () => {
            record.trouble ("nothing more has happened for %u s", PATIENCE);
            loop.quit ();
            return Source.CONTINUE;
        });

        set_up ();
        if (mode != "none")
            begin ();
        advance ();
        loop.run ();
        Source.remove (patience);
        record.set_progress (source.progress, source.dup_progress_text ());
        if (source.n_items != record.items.length - first_item)
            record.trouble ("n-items is %s", source.n_items.to_string ());
        if (n_grants > 0)
            record.trouble ("%u periods that were not asked for", n_grants);
        record.check ();
    }
}

int main (string[] args) {
    return Table.run (args, (record, folder) => new Runner (record, folder).run ());
}
