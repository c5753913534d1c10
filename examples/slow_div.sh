#!/bin/sh
# Divide a number by another one, slowly: sh slow_div.sh X Y
sleep "${SLOW_DIV_SECONDS:-30}"
echo "The answer is: $(expr "$1" / "$2")"
