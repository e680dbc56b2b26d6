#!/bin/sh
# Answers every request with the greeting of the ConfigMap, the version of the image and the name of the pod.
printf 'Content-Type: text/plain\r\n\r\n'
greeting=$(cat /etc/hello/greeting 2>/dev/null)
echo "${greeting:-Hello} (version $(cat /etc/version), pod $(hostname))"
