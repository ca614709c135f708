//! On macOS an extension module is linked against symbols that only Python has.

fn main() {
    pyo3_build_config::add_extension_module_link_args();
}
