-- wrk's load of replaces: each of 64 config maps in turn, each time with another value, for a replace by the same would write nothing.
-- Arguments: namespace, token, size of the value in bytes.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")
local count = 0

function init(arguments)
   space, token, padding = arguments[1], arguments[2], string.rep("x", tonumber(arguments[3]))
end

function request()
   count = count + 1
   local headers = { ["authorization"] = "Bearer " .. token, ["content-type"] = "application/json" }
   local name = string.format("map-%d", count % 64 + 1)
   local body = string.format(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"%s","labels":{"app":"bench"}},"data":{"count":"%d","padding":"%s"}}',
      name, count, padding)
   return wrk.format("PUT", string.format("/api/v1/namespaces/%s/configmaps/%s", space, name), headers, body)
end
