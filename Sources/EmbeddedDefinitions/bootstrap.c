#include "EmbeddedDefinitions.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char bootstrap_objects[] = {
#embed "bootstrap.jsonl"
};

struct embedded_definition embedded_bootstrap_objects(void) {
    struct embedded_definition file = {"bootstrap", bootstrap_objects, sizeof(bootstrap_objects)};
    return file;
}
