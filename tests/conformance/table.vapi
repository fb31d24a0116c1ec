// SPDX-License-Identifier: LGPL-2.1-or-later

[CCode (cheader_filename = "table.h")]
namespace Table {
    [Compact]
    [CCode (cname = "Record", cprefix = "record_", free_function = "record_free")]
    public class Record {
        public Json.Object scenario;
        public GLib.GenericArray<string> items;
        public GLib.GenericArray<string> ends;
        public string? message;
        [PrintfFormat]
        public void trouble (string format, ...);
        [CCode (cname = "record_item")]
        public void add_item (GLib.Variant item);
        [CCode (cname = "record_end")]
        public void add_end (string name);
        [CCode (cname = "record_output")]
        public void add_output (int stream, string text);
        public bool has_output (string text);
        [CCode (cname = "record_error")]
        public void set_error (string? code, string message);
        [CCode (cname = "record_failure")]
        public void set_failure (string? exception_type, string? traceback, [CCode (array_length = false)] string[]? notes);
        [CCode (cname = "record_causes")]
        public void set_causes ([CCode (array_length = false, array_null_terminated = true)] string[]? causes);
        [CCode (cname = "record_progress")]
        public void set_progress (double progress, string? text);
        public void check ();
        public void check_refused ();
    }

    [CCode (cname = "scenario_get_variant")]
    public GLib.Variant? get_variant (Json.Object scenario, string member);
    [CCode (cname = "scenario_get_strv", array_length = false, array_null_terminated = true)]
    public string[]? get_strv (Json.Object scenario, string member, string? folder);
    [CCode (cname = "scenario_get_code")]
    public string? get_code (Json.Object scenario);

    [CCode (cname = "RunFunc")]
    public delegate void RunFunc (Record record, string folder);
    [CCode (cname = "run_table")]
    public int run ([CCode (array_length_pos = 0.9)] string[] args, RunFunc run);
}
