# Takes the words of the command line up to the cursor, as they were typed, into the array typed: bash takes them apart
# at the characters in breaks.
_alflab_join() {
  local i piece last=-1
  typed=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    piece=${COMP_WORDS[i]}
    if ((last > 0)) && [[ $piece == ["$breaks"]* || ($piece == [!-]* && ${typed[last]} == *["$breaks"]) ]]; then
      typed[last]+=$piece
    else
      typed[++last]=$piece
    fi
  done
}

# _alflab_offer HEAD START END WORD...: replies HEAD WORD END for the words that begin with START.
_alflab_offer() {
  local head=$1 start=$2 end=$3 word quoted
  shift 3
  for word; do
    quoted=${word//(/\\(}
    quoted=${quoted//)/\\)}
    [[ $quoted == "$start"* || $word == "$start"* ]] || continue
    COMPREPLY+=("$head$quoted$end")
    [[ $end ]] && nospace=1
  done
  return 0
}

# _alflab_files HEAD START ACTION: files, or with -d folders. What stands alone is left to bash, which quotes it.
_alflab_files() {
  local path paths
  mapfile -t paths < <(compgen "$3" -- "$2")
  if [[ ! $1 && ${#COMPREPLY[@]} -eq 0 ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=("${paths[@]}")
    return
  fi
  for path in "${paths[@]}"; do
    [[ -d $path ]] && path+=/ nospace=1
    COMPREPLY+=("$1$path")
  done
}

# _alflab_settings HEAD TABLE START: KEY=VALUE,... with the keys of a table, each once.
_alflab_settings() {
  local row key last=${3##*,}
  local head=$1${3%"$last"}
  if [[ $last == *=* ]]; then
    _alflab_table "$2/${last%%=*}"
    _alflab_offer "$head${last%%=*}=" "${last#*=}" '' "${row[@]}"
  else
    _alflab_table "$2"
    for key in "${row[@]}"; do
      [[ ,$3 == *",$key="* ]] || _alflab_offer "$head" "$last" = "$key"
    done
  fi
}

# _alflab_one HEAD TABLES START: NAME or NAME[KEY=VALUE,...]; among the tables can be files.
_alflab_one() {
  local row table tables
  IFS=, read -ra tables <<<"$2"
  for table in "${tables[@]}"; do
    if [[ $table == files ]]; then
      [[ $3 == [./~]* ]] && _alflab_files "$1" "$3" -f
    elif [[ $3 == *\[* ]]; then
      _alflab_settings "$1${3%%\[*}[" "$table/${3%%\[*}" "${3#*\[}"
    else
      _alflab_table "$table"
      _alflab_offer "$1" "$3" '' "${row[@]}"
      [[ $3 && $table != words/* ]] || continue
      _alflab_table "$table/$3"
      [[ ${#row[@]} -gt 0 ]] && _alflab_offer "$1" "$3" '[' "$3"
    fi
  done
  return 0
}

# _alflab_list TABLES START: a comma list of these; commas in brackets belong to the parameters.
_alflab_list() {
  local i start=0 depth=0
  for ((i = 0; i < ${#2}; i++)); do
    case ${2:i:1} in
    '[') depth=1 ;;
    ']') depth=0 ;;
    ,) ((depth)) || start=$((i + 1)) ;;
    esac
  done
  _alflab_one "${2:0:start}" "$1" "${2:start}"
}

# _alflab_family START: FAMILY or FAMILY:KEY=VALUE,...
_alflab_family() {
  local row name=${1%%:*}
  _alflab_table "sources/$name"
  if [[ $1 == *:* ]]; then
    [[ ${#row[@]} -gt 0 ]] && _alflab_settings "$name:" "sources/$name" "${1#*:}"
  elif [[ $1 && ${#row[@]} -gt 0 ]]; then
    _alflab_offer '' "$1" : "$1"
  else
    _alflab_table sources
    _alflab_offer '' "$1" '' "${row[@]}"
    [[ ${#COMPREPLY[@]} -gt 0 ]] && nospace=1
  fi
  return 0
}

# _alflab_value KIND START: what completion knows of an option's value or of an argument.
_alflab_value() {
  case $1 in
  one:*) _alflab_one '' "${1#*:}" "$2" ;;
  list:*) _alflab_list "${1#*:}" "$2" ;;
  settings:*) _alflab_settings '' "${1#*:}" "$2" ;;
  family) _alflab_family "$2" ;;
  input)
    _alflab_family "$2"
    _alflab_files '' "$2" -f
    ;;
  folder) _alflab_files '' "$2" -d ;;
  file) _alflab_files '' "$2" -f ;;
  esac
}

# The command that has been typed, perhaps of two words, into command, and how many words it takes into taken. Replies
# with commands where it is still being typed.
_alflab_command() {
  local row
  command=${typed[1]} taken=2
  if ((${#typed[@]} > 2)); then
    _alflab_table "commands/$command"
    [[ ${#row[@]} -gt 0 ]] || return 0
    ((${#typed[@]} > 3)) && command+=" ${typed[2]}" taken=3 && return
  elif [[ $command == -* ]]; then
    _alflab_table options/
  else
    _alflab_table commands
  fi
  _alflab_offer '' "${typed[-1]}" '' "${row[@]}"
  command=
}

# _alflab_words COMMAND TAKEN: completes the last of the typed words, behind those that name the command.
_alflab_words() {
  local row word current=${typed[-1]} waiting='' only='' arguments=0
  for word in "${typed[@]:$2:${#typed[@]}-$2-1}"; do
    if [[ $waiting ]]; then
      waiting=
    elif [[ ! $only && $word == -?* ]]; then
      [[ $word == -- ]] && only=1
      _alflab_table "value/$1/$word"
      waiting=${row[0]-}
    else
      ((++arguments))
    fi
  done
  if [[ $waiting ]]; then
    _alflab_value "$waiting" "$current"
  elif [[ ! $only && $current == --*=* ]]; then
    _alflab_table "value/$1/${current%%=*}"
    _alflab_value "${row[0]-}" "${current#*=}"
    COMPREPLY=("${COMPREPLY[@]/#/"${current%%=*}="}")
  elif [[ ! $only && $current == -* ]]; then
    _alflab_table "options/$1"
    _alflab_offer '' "$current" '' "${row[@]}"
  else
    _alflab_table "arguments/$1"
    ((arguments >= ${#row[@]})) && [[ ${#row[@]} -gt 0 && ${row[-1]} == *+ ]] && arguments=$((${#row[@]} - 1))
    word=${row[arguments]-}
    _alflab_value "${word%+}" "$current"
  fi
}

_alflab() {
  local typed command taken nospace='' breaks='' character current
  COMPREPLY=()
  for character in : = @; do
    [[ $COMP_WORDBREAKS == *"$character"* ]] && breaks+=$character
  done
  : "${breaks:=$'\1'}"
  _alflab_join
  _alflab_command
  [[ $command ]] && _alflab_words "$command" "$taken"
  [[ $nospace ]] && compopt -o nospace 2>/dev/null
  # Bash replaces only what stands behind the last break.
  current=${typed[-1]}
  current=${current%"${current##*["$breaks"]}"}
  COMPREPLY=("${COMPREPLY[@]#"$current"}")
}

complete -F _alflab alflab
