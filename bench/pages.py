"""Lists in pages with several clients at once: pages.py URL TOKEN CLIENTS SECONDS prints the pages read in a second."""
import http.client
import re
import ssl
import sys
import threading
import time
import urllib.parse

url, token, clients, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
target = urllib.parse.urlsplit(url)
deadline = time.monotonic() + seconds
pages = [0] * clients


def read(client):
    if target.scheme == "https":
        connection = http.client.HTTPSConnection(target.netloc, context=ssl._create_unverified_context())
    else:
        connection = http.client.HTTPConnection(target.netloc)
    next_page = ""
    while time.monotonic() < deadline:
        path = f"{target.path}?{target.query}" + (f"&continue={next_page}" if next_page else "")
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            sys.exit(f"pages: {response.status}: {body[:300].decode()}")
        pages[client] += 1
        found = re.search(rb'"continue":"([^"]+)"', body[:1000])
        next_page = found.group(1).decode() if found else ""


threads = [threading.Thread(target=read, args=(client,)) for client in range(clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"requests={sum(pages)} {sum(pages) / seconds:.0f}/s")
