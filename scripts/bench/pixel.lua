-- wrk asks for the lines of the file $TARGETS in turn, each from another network (the server trusts loopback as its proxy).
local targets = {}
for line in io.lines(os.getenv("TARGETS")) do targets[#targets + 1] = line end
local place = 0
local before = "GET "
local after = " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
  .. "Thunderbird/128.3\r\nX-Forwarded-For: 2001:db8:"
request = function()
  place = place + 1
  local network = string.format("%x:%x::7\r\n\r\n", math.floor(place / 65536), place % 65536)
  return before .. targets[(place - 1) % #targets + 1] .. after .. network
end
done = function(summary, latency)
  local bad = summary.errors
  io.write(string.format("RESULT %d %.3f %.3f %d\n", summary.requests, summary.duration / 1e6, latency:percentile(99) / 1000,
    bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
