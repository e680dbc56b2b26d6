-- wrk's load of server-side applies: one Deployment under 500 names in turn, each named in its body, as an API server wants it.
-- Arguments: namespace, token, the file with the Deployment.
dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "report.lua")
local count = 0

function init(arguments)
   space, token = arguments[1], arguments[2]
   local file = assert(io.open(arguments[3]))
   before, after = file:read("a"):match('^(.-"metadata": {)(.*)$')
   file:close()
end

function request()
   count = count + 1
   local name = string.format("web-%d", count % 500 + 1)
   local headers = { ["authorization"] = "Bearer " .. token, ["content-type"] = "application/apply-patch+yaml" }
   local path = string.format("/apis/apps/v1/namespaces/%s/deployments/%s?fieldManager=bench&force=true", space, name)
   return wrk.format("PATCH", path, headers, string.format('%s"name": "%s", %s', before, name, after))
end
