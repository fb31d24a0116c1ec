// SPDX-License-Identifier: LGPL-2.1-or-later

// A program that leaves while its source is alive: host MOMENT CODE WAY-OUT.
// test-process.py says which moments there are.

errordomain HostError {
    OWN
}

class Host {
    private string moment;
    private string way_out;
    private MainContext? context = null;
    private MainLoop loop;
    private Subiter.Source? source;
    private StringBuilder output = new StringBuilder ();
    private bool leaving = false;

    public Host (string moment, string code, string way_out) {
        this.moment = moment;
        this.way_out = way_out;
        if (moment == "context") {
            context = new MainContext ();
            context.push_thread_default ();
        }
        loop = new MainLoop (context, false);
        try {
            source = new Subiter.Source (new Subiter.Callable.for_source_code (code, "items"));
        } catch (Error error) {
            GLib.error ("%s", error.message);
        }
        connect_all ();
    }

    // Once: a handler may be called again before the loop ends.
    private void leave () {
        if (leaving)
            return;
        leaving = true;
        if (moment == "unref-thread") {
            var thread = new Thread<bool> ("unref", () => {
                source = null;
                return true;
            });
            thread.join ();
        } else if (moment.has_prefix ("unref-")) {
            source = null;
        }
        print ("leaving\n");
        if (way_out == "exit in the handler")
            Process.exit (3);
        loop.quit ();
    }

    private void connect_all () {
        source.buffer_size = 4;
        if (moment == "unref-timeout")
            source.timeout = 50;
        source.item.connect (() => {
            if (moment == "item" || moment == "unref-item")
                leave ();
        });
        source.output.connect ((self, stream, text) => {
            output.append (text);
            if (moment == "stopped")
                self.stop ();
            else if (moment == "closed" || moment == "closing")
                self.close_async.begin (null);
            string[] moments = { "output", "stopped", "closed", "closing", "next", "batch", "context", "unref-output",
                                 "unref-thread" };
            if (moment in moments || moment == "parked" && output.str.contains ("\n4\n"))
                leave ();
        });
        source.finished.connect (() => {
            if (moment == "finished" || moment == "unref-finished")
                leave ();
        });
        source.failed.connect (() => {
            if (moment == "finished" || moment == "unref-failed")
                leave ();
        });
        source.timed_out.connect (() => {
            if (moment == "unref-timeout")
                leave ();
            return false;
        });
    }

    private async void take (bool batch) {
        try {
            if (batch)
                yield source.next_batch_async (10, null);
            else
                yield source.next_async (null);
        } catch (Error error) {
            GLib.error ("%s", error.message);
        }
        GLib.error ("nobody waits for this");
    }

    public void run () {
        if (moment == "next" || moment == "batch")
            take.begin (moment == "batch");
        else if (moment != "never")
            source.start ();
        // With four items in the buffer and one in hand.
        if (moment == "parked")
            source.pause ();
        if (moment.has_prefix ("after-"))
            Thread.usleep (1000 * ulong.parse (moment.substring ("after-".length)));
        if (moment == "never" || moment == "started" || moment.has_prefix ("after-"))
            leave ();
        else
            loop.run ();
        if (context != null)
            context.pop_thread_default ();
    }
}

int main (string[] arguments) {
    var host = new Host (arguments[1], arguments[2], arguments[3]);
    host.run ();

    switch (arguments[3]) {
    case "exit":
        Process.exit (3);
    case "_exit":
        Posix._exit (7);
        break;
    case "SIGTERM":
        Posix.raise (Posix.Signal.TERM);
        break;
    case "SIGINT":
        Posix.raise (Posix.Signal.INT);
        break;
    case "raise":
        // As Vala does with an error that is not caught.
        throw new HostError.OWN ("a failure of its own");
    }

    return 0;
}
