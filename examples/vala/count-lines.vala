// SPDX-License-Identifier: LGPL-2.1-or-later

// Counts lines while a main loop runs. Usage: count-lines lines.py FOLDER

async void count (string path, string folder) throws Error {
    var callable = new Subiter.Callable.for_file (path, "count");
    var source = new Subiter.Source (callable.bind (new Variant ("(s)", folder), null));
    Variant? item;

    source.item_type = new VariantType ("(st)");
    while ((item = yield source.next_async (null)) != null) {
        string name;
        uint64 n_lines;

        item.get ("(st)", out name, out n_lines);
        print ("%4s %s\n", n_lines.to_string (), name);
    }
    print ("%s files\n", source.n_items.to_string ());
}

int main (string[] args) {
    var loop = new MainLoop ();
    var status = 0;

    count.begin (args[1], args[2], (object, result) => {
        try {
            count.end (result);
        } catch (Error error) {
            printerr ("%s\n", error.message);
            status = 1;
        }
        loop.quit ();
    });
    loop.run ();
    return status;
}
