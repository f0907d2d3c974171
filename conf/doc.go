// Package conf loads, checks and prints the configuration of a node or gateway, and the catalog that fills an empty
// store. It imports nothing of ours but protocol, whose Table is what a catalog holds.
//
// One table describes every key: the keys methods of the sections (Server, Limits, ...). From it come parsing, the errors
// for unknown keys and bad values, -print-config, and docs/configuration.md, so a new key is one field and one row.
//
// A value comes from the first of these that gives one: a -set flag, the environment (KAMAITACHI_SECTION_KEY), the
// file, the default. Config remembers which.
//
// The shipped files are embedded, so that the program also works away from its checkout: Load("") reads the built-in
// standalone.ini and LoadCatalog("") the built-in catalog.ini.
package conf
