// SPDX-License-Identifier: LGPL-2.1-or-later

const uint PATIENCE = 120;  // s: when to believe that nothing more will happen

// One under way: takes its steps, and ends after the last of them.
abstract class Scenario {
    protected unowned Table.Record record;
    protected Json.Object scenario;
    protected string folder;
    protected string mode;
    protected Subiter.Source source;
    protected MainLoop loop = new MainLoop ();
    protected uint n_grants;
    protected uint n_due;
    protected uint first_item;
    protected uint n_pulls;
    protected uint n_closes;
    protected SourceFunc? held;
    protected bool holds;
    protected bool quiet;

    unowned Thread<void*> thread = Thread.self<void*> ();
    Json.Array steps;
    uint next_step;
    bool is_armed;
    bool is_time;
    uint n_wanted_ends = 1;
    bool closing;

    protected Scenario (Table.Record record, string folder) {
        this.record = record;
        this.folder = folder;
        scenario = record.scenario;
        mode = scenario.get_string_member_with_default ("mode", "push");
        n_grants = (uint) scenario.get_int_member_with_default ("grants", 0);
        steps = scenario.has_member ("steps") ? scenario.get_array_member ("steps") : new Json.Array ();
        if (scenario.has_member ("end") && scenario.get_member ("end").get_node_type () == Json.NodeType.ARRAY)
            n_wanted_ends = scenario.get_array_member ("end").get_length ();
    }

    protected abstract void begin ();
    protected abstract void close ();

    protected void check_thread () {
        if (Thread.self<void*> () != thread)
            error ("called on another thread");
    }

    protected void take_item (Variant item) {
        check_thread ();
        if (n_due == 0)
            record.trouble ("item %d came after the end", record.items.length);
        if (quiet)
            record.trouble ("item %d came after stop or pause", record.items.length);
        record.add_item (item);
    }

    protected void add_end (string name, string state, string? wanted_state) {
        check_thread ();
        if (n_due == 0)
            record.trouble ("there is another end: %s", name);
        else
            n_due--;
        if (wanted_state == null || wanted_state == state)
            record.add_end (name);
        else
            record.add_end (state == "stopped" ? state : @"$name:$state");
        advance ();
    }

    void act (string action) {
        switch (action) {
        case "stop":
            quiet = true;
            source.stop ();
            break;
        case "pause":
            quiet = true;
            source.pause ();
            break;
        case "resume":
            quiet = false;
            source.resume ();
            break;
        case "start":
            begin ();
            break;
        case "close":
            quiet = true;
            close ();
            break;
        case "hold":
            holds = true;
            break;
        case "go on":
            holds = false;
            held ();
            break;
        default:
            if (action.has_prefix ("timeout "))
                source.timeout = uint.parse (action.substring ("timeout ".length));
            else if (!action.has_prefix ("no-output "))
                error ("no such action: %s", action);
            else if (record.has_output (action.substring ("no-output ".length)))
                record.trouble ("there is %s already", action);
            break;
        }
    }

    bool on_time () {
        is_time = true;
        advance ();
        return Source.REMOVE;
    }

    bool is_due (string when) {
        var words = when.split (" ", 2);

        switch (words[0]) {
        case "now":
            return true;
        case "item":
            return record.items.length >= int.parse (words[1]);
        case "end":
            return record.ends.length >= int.parse (words[1]) && n_pulls == 0;
        case "output":
            return record.has_output (words[1]);
        case "progress":
            return source.progress >= double.parse (words[1]);
        case "idle":
            if (!is_armed)
                Idle.add (on_time, Priority.LOW);
            break;
        case "after":
            if (!is_armed)
                Timeout.add (uint.parse (words[1]), on_time);
            break;
        default:
            error ("no such time: %s", when);
        }
        is_armed = true;
        return is_time;
    }

    protected void advance () {
        while (next_step < steps.get_length ()) {
            var step = steps.get_array_element (next_step);

            if (!is_due (step.get_string_element (0)))
                return;
            is_armed = is_time = false;
            next_step++;
            act (step.get_string_element (1));
        }
        if (record.ends.length < n_wanted_ends || n_pulls > 0)
            return;
        if (!closing) {
            closing = true;
            close ();
        } else if (n_closes == 0) {
            loop.quit ();
        }
    }
}
