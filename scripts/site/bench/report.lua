-- For wrk: asks with one of many cookies after the other, a line each in the file that COOKIES names, so that no two
-- requests at a time are of one session, which Moodle serves one after the other. Ends with a line of JSON.
local cookies, turn = {}, 0

function init()
  for line in io.lines(os.getenv("COOKIES")) do table.insert(cookies, line) end
end

function request()
  turn = turn % #cookies + 1
  return wrk.format(nil, nil, { Cookie = cookies[turn] })
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"seconds":%.6f,"p95Ms":%.3f,"bytes":%d,"errors":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(95) / 1e3, summary.bytes,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
