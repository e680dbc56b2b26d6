#ifndef EMBEDDED_DEFINITIONS_H
#define EMBEDDED_DEFINITIONS_H

#include <stddef.h>

/// One schema file of `Definitions/`, as it was when the program was built.
struct embedded_definition {
    /// The file's name without its extension: `apps-v1`.
    const char *name;
    const unsigned char *bytes;
    size_t length;
};

size_t embedded_definition_count(void);

/// The files in the order in which discovery names their groups; types without a group of their own come last.
struct embedded_definition embedded_definition_at(size_t index);

/// `bootstrap.jsonl`: the objects that a fresh API server holds, one in canonical JSON per line.
struct embedded_definition embedded_bootstrap_objects(void);

#endif
