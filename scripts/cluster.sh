# What start_3nodes.sh, start_cluster.sh and stop_cluster.sh share; it is sourced, not run. Plain enough for the bash 3.2
# of macOS. Ports and data directories are those of conf/*.ini: the programs are asked for them (-print-config), so
# that KAMAITACHI_... in the environment counts here too.
#
# CLUSTER_DIR               has conf/ and gets data/ and logs/ (default: this checkout)
# CLUSTER_BIN               has the programs (default: bin/ of this checkout, built when one is missing)
# CLUSTER_WAIT              seconds for a program to answer (default: 60)
# CLUSTER_UNTIL_INPUT_ENDS  if not empty, the programs end when the standard input of the script does

cluster_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cluster_bin=${CLUSTER_BIN:-$cluster_root/bin}
cluster_dir=$(cd "${CLUSTER_DIR:-$cluster_root}" && pwd)
cluster_wait=${CLUSTER_WAIT:-60}
stop_wait=25  # seconds until a program that does not end is killed; it drains for at most 10
started=""    # names of what this run started, in order

say() { echo "$(basename "$0"): $*"; }

# fail ends what this run started and then the script. Of a program, the end of what it said is shown.
fail() { # fail MESSAGE [NAME]
	say "$1" >&2
	if [ $# -gt 1 ]; then
		local file
		for file in "logs/$2.out" "logs/$2.log"; do
			if [ -s "$file" ]; then
				echo "--- the end of $cluster_dir/$file:" >&2
				tail -n 12 "$file" >&2
			fi
		done
	fi
	if grep -qs '"the cluster was founded already' logs/master.log && [ ! -e data/loaded ]; then
		echo "--- etcd knows a cluster of this name, of which nothing may be left: delete the key in etcd that logs/master.log" \
			"names, or set another [cluster] name in conf/" >&2
	fi
	end_started
	exit 1
}

end_started() {
	local name list=""
	for name in $started; do list="$name $list"; done
	started=""
	for name in $list; do end "$name"; done
}

# prepare goes to the cluster's directory and sees to it that the programs are there.
prepare() {
	cd "$cluster_dir"
	command -v curl >/dev/null || fail "curl is missing: it asks the programs whether they answer"
	local program
	for program in kamaitachi master slave gateway; do
		if [ ! -x "$cluster_bin/$program" ]; then
			[ -z "${CLUSTER_BIN:-}" ] || fail "$cluster_bin/$program is missing"
			say "$cluster_bin/$program is missing: make build"
			make -C "$cluster_root" build || fail "make build failed"
			break
		fi
	done
	mkdir -p data logs
	trap 'fail interrupted' INT TERM HUP
}

# command_line prints how a process was called, nothing if it is gone or a zombie.
command_line() { # command_line PID
	if [ -d /proc/self ]; then
		tr '\0' ' ' <"/proc/$1/cmdline" || true
	else
		ps -ww -p "$1" -o args= || true
	fi 2>/dev/null
}

# pid_of prints the number of a program that runs; a number that meanwhile belongs to something else is none of ours.
pid_of() { # pid_of NAME
	local pid
	pid=$(cat "data/$1.pid" 2>/dev/null) || return 1
	case $pid in '' | *[!0-9]*) return 1 ;; esac
	case "$(command_line "$pid") " in
	*"$(mark "$1") "*) echo "$pid" ;;
	*) return 1 ;;
	esac
}

# mark prints what the command line of a program of this cluster has, and no other.
mark() { # mark NAME
	if [ "$1" = etcd ]; then
		echo "-dir $cluster_dir/data/etcd"
	else
		echo "-config $cluster_dir/conf/$1.ini"
	fi
}

# start starts a program in the background, in a process group of its own so that Ctrl-C here does not reach it.
start() { # start NAME PROGRAM ARGUMENT...
	local name=$1 pid
	shift
	if pid=$(pid_of "$name"); then
		say "$name runs already, as process $pid"
		return
	fi
	if [ -e "data/$name.pid" ]; then
		say "$name did not end well the last time: data/$name.pid is stale"
		rm -f "data/$name.pid"
	fi
	set -m
	if [ -n "${CLUSTER_UNTIL_INPUT_ENDS:-}" ]; then
		nohup "$@" -until-input-ends >"logs/$name.out" 2>&1 <&0 &
	else
		nohup "$@" >"logs/$name.out" 2>&1 </dev/null &
	fi
	pid=$!
	set +m
	disown "$pid" 2>/dev/null || true
	echo "$pid" >"data/$name.pid"
	started="$started $name"
}

# start_program starts one of conf/*.ini. The mark ends the arguments, because -until-input-ends may follow.
start_program() { # start_program NAME PROGRAM ARGUMENT...
	local name=$1 program=$2
	shift 2
	start "$name" "$cluster_bin/$program" "$@" -set "log.file=logs/$name.log" -config "$cluster_dir/conf/$name.ini"
}

# end ends a program, and waits until it has ended.
end() { # end NAME
	local name=$1 pid
	if ! pid=$(pid_of "$name"); then
		rm -f "data/$name.pid"
		return
	fi
	kill -TERM "$pid" 2>/dev/null || true
	if ! gone "$name" "$stop_wait"; then
		say "$name did not end within $stop_wait s: it is killed"
		kill -KILL "$pid" 2>/dev/null || true
		gone "$name" 10 || { say "$name, process $pid, cannot be killed" >&2; return 1; }
	fi
	rm -f "data/$name.pid"
	say "$name has ended"
}

gone() { # gone NAME SECONDS
	local until=$((SECONDS + $2))
	while pid_of "$1" >/dev/null; do
		[ "$SECONDS" -lt "$until" ] || return 1
		sleep 0.1
	done
}

# answers asks a URL and prints what it says.
answers() { curl --noproxy '*' -fsS --max-time 3 "$1" 2>/dev/null; }

# await waits until a program answers at a URL.
await() { # await NAME URL
	local name=$1 url=$2 until=$((SECONDS + cluster_wait)) other
	until answers "$url" >/dev/null; do
		for other in "$name" $started; do # one may wait for another
			pid_of "$other" >/dev/null || fail "$other has ended" "$other"
		done
		if [ "$SECONDS" -ge "$until" ]; then
			fail "$name is not ready after $cluster_wait s; $url?verbose says: $(curl --noproxy '*' -sS --max-time 3 "$url?verbose" 2>&1 | tr '\n' ' ')" "$name"
		fi
		sleep 0.1
	done
	case " $started " in
	*" $name "*) say "$name is ready, as process $(pid_of "$name")" ;;
	esac
}

# configured prints a value of a configuration.
configured() { # configured PROGRAM NAME SECTION KEY
	local text
	text=$("$cluster_bin/$1" -config "conf/$2.ini" -print-config 2>&1) || fail "$text"
	awk -v section="[$3]" -v key="$4" '
		/^\[/ { here = $1 == section }
		here && $1 == key && $2 == "=" { sub(/^[^=]*= */, ""); sub(/ +; .*$/, ""); gsub(/"/, ""); print; exit }' <<<"$text"
}

# at prints host:port of a listener, as seen from this machine.
at() { # at PROGRAM NAME KEY
	local host port
	host=$(configured "$1" "$2" server bind)
	port=$(configured "$1" "$2" server "$3")
	case $port in 0 | off) fail "conf/$2.ini: the scripts need a $3, not $port" ;; esac
	case $host in 0.0.0.0 | ::) host=127.0.0.1 ;; esac
	echo "$host:$port"
}

# start_etcd starts an etcd unless one answers where the master will ask.
start_etcd() {
	local endpoints endpoint
	endpoints=$(configured master master etcd endpoints)
	for endpoint in ${endpoints//,/ }; do
		if answers "http://$endpoint/version" >/dev/null; then
			say "etcd answers at $endpoint"
			return
		fi
	done
	endpoint=${endpoints%%,*}
	case ${endpoint%:*} in
	localhost | 127.*) ;;
	*) fail "no etcd answers at $endpoints, and it is not for this script to start one there" ;;
	esac
	start etcd "$cluster_bin/kamaitachi" etcd -listen "127.0.0.1:${endpoint##*:}" -log-file logs/etcd.log -dir "$cluster_dir/data/etcd"
	await etcd "http://$endpoint/version"
}

# start_nodes starts master, slave1 and slave2, all at once: a new cluster is ready when all its voters are in.
start_nodes() {
	local name addr
	start_program master master
	start_program slave1 slave
	start_program slave2 slave
	for name in master slave1 slave2; do
		addr=$(at "${name%[12]}" "$name" port)
		await "$name" "http://$addr/readyz"
	done
}

# load_market loads the generated market into a cluster that has no reports, or only some because that was interrupted.
load_market() {
	local http native reports
	http=$(at master master port)
	native=$(at master master native_port)
	reports=$(answers "http://$http/stats" | sed -n 's/.*"reports":\([0-9]*\).*/\1/p')
	[ -n "$reports" ] || fail "http://$http/stats does not say how many reports there are" master
	if [ "$reports" != 0 ] && [ ! -e data/loading ]; then
		: >data/loaded
		say "the cluster has $reports reports"
		return
	fi
	say "loading the generated market"
	: >data/loading
	"$cluster_bin/kamaitachi" generate | "$cluster_bin/kamaitachi" import -addr "$native" - ||
		fail "the market could not be loaded" master
	mv data/loading data/loaded
}

start_gateway() {
	local addr
	addr=$(at gateway gateway port)
	start_program gateway gateway
	await gateway "http://$addr/readyz"
}
