-- What a load of wrk came to, as bench/compare reads it.
function done(summary)
   local good = summary.requests - summary.errors.status
   io.write(string.format("requests=%d %d/s%s\n", good, good * 1000000 / summary.duration,
      summary.errors.status > 0 and string.format(" (%d failed)", summary.errors.status) or ""))
end
