#include "EmbeddedDefinitions.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// A new group version is a new file in Definitions/ and two lines here. The order is the one in which discovery names the groups.

static const unsigned char core_v1[] = {
#embed "Definitions/core-v1.schema"
};
static const unsigned char apiregistration_v1[] = {
#embed "Definitions/apiregistration-v1.schema"
};
static const unsigned char apps_v1[] = {
#embed "Definitions/apps-v1.schema"
};
static const unsigned char events_v1[] = {
#embed "Definitions/events-v1.schema"
};
static const unsigned char authentication_v1[] = {
#embed "Definitions/authentication-v1.schema"
};
static const unsigned char authorization_v1[] = {
#embed "Definitions/authorization-v1.schema"
};
static const unsigned char autoscaling_v2[] = {
#embed "Definitions/autoscaling-v2.schema"
};
static const unsigned char autoscaling_v1[] = {
#embed "Definitions/autoscaling-v1.schema"
};
static const unsigned char batch_v1[] = {
#embed "Definitions/batch-v1.schema"
};
static const unsigned char certificates_v1[] = {
#embed "Definitions/certificates-v1.schema"
};
static const unsigned char networking_v1[] = {
#embed "Definitions/networking-v1.schema"
};
static const unsigned char policy_v1[] = {
#embed "Definitions/policy-v1.schema"
};
static const unsigned char rbac_v1[] = {
#embed "Definitions/rbac-v1.schema"
};
static const unsigned char storage_v1[] = {
#embed "Definitions/storage-v1.schema"
};
static const unsigned char admissionregistration_v1[] = {
#embed "Definitions/admissionregistration-v1.schema"
};
static const unsigned char apiextensions_v1[] = {
#embed "Definitions/apiextensions-v1.schema"
};
static const unsigned char scheduling_v1[] = {
#embed "Definitions/scheduling-v1.schema"
};
static const unsigned char coordination_v1[] = {
#embed "Definitions/coordination-v1.schema"
};
static const unsigned char node_v1[] = {
#embed "Definitions/node-v1.schema"
};
static const unsigned char discovery_v1[] = {
#embed "Definitions/discovery-v1.schema"
};
static const unsigned char resource_v1[] = {
#embed "Definitions/resource-v1.schema"
};
static const unsigned char flowcontrol_v1[] = {
#embed "Definitions/flowcontrol-v1.schema"
};
static const unsigned char meta_v1[] = {
#embed "Definitions/meta-v1.schema"
};

#define FILE(name, array) {name, array, sizeof(array)}
static const struct embedded_definition definitions[] = {
    FILE("core-v1", core_v1),
    FILE("apiregistration-v1", apiregistration_v1),
    FILE("apps-v1", apps_v1),
    FILE("events-v1", events_v1),
    FILE("authentication-v1", authentication_v1),
    FILE("authorization-v1", authorization_v1),
    FILE("autoscaling-v2", autoscaling_v2),
    FILE("autoscaling-v1", autoscaling_v1),
    FILE("batch-v1", batch_v1),
    FILE("certificates-v1", certificates_v1),
    FILE("networking-v1", networking_v1),
    FILE("policy-v1", policy_v1),
    FILE("rbac-v1", rbac_v1),
    FILE("storage-v1", storage_v1),
    FILE("admissionregistration-v1", admissionregistration_v1),
    FILE("apiextensions-v1", apiextensions_v1),
    FILE("scheduling-v1", scheduling_v1),
    FILE("coordination-v1", coordination_v1),
    FILE("node-v1", node_v1),
    FILE("discovery-v1", discovery_v1),
    FILE("resource-v1", resource_v1),
    FILE("flowcontrol-v1", flowcontrol_v1),
    FILE("meta-v1", meta_v1),
};

size_t embedded_definition_count(void) { return sizeof(definitions) / sizeof(definitions[0]); }

struct embedded_definition embedded_definition_at(size_t index) { return definitions[index]; }
